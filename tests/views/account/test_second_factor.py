"""Setting a second factor up and ending it, over HTTP; and where a site wants one of its admins."""

import re

import pyotp
import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from tests.mails import queued
from tests.phones import Phone
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import SecondFactor
from webapp.queries.people import find_by_email
from webapp.services.roles import change_role

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EMAIL, PAGE = "ada@example.com", "/settings/second-factor"


@pytest.fixture(autouse=True)
def now(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=EMAIL, password=PASSWORD)
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
    return time_machine


@pytest.fixture
def ada(app):
    client = browser(app)
    sign_in(client, EMAIL)
    return client


def words(response):
    return " ".join(re.sub("<[^>]+>", " ", response.get_data(as_text=True)).split())


def since(app, email=EMAIL):
    with app.app_context():
        return find_by_email(db.session(), email).second_factor_since


def begin(client, *, target=""):
    """Type the password, and return the app that was set up with the key of the page."""
    begun = submit(client, f"{PAGE}{target}", {"current_password": PASSWORD})
    assert begun.status_code == 303, words(begun)
    page = client.get(begun.location).get_data(as_text=True)
    key = re.search(r'id="factor-secret"[^>]*>([A-Z2-7 ]+)<', page).group(1).replace(" ", "")
    assert "QR code for the app</title>" in page
    return Phone(key, []), begun.location


def turn_on(client, **options):
    phone, location = begin(client, **options)
    answer = submit(client, location, {"code": phone.code()})
    assert answer.status_code == 201, words(answer)
    phone.recovery_codes = re.findall(r"<li>([a-z0-9-]{19})</li>", answer.get_data(as_text=True))
    return phone, answer


def test_an_app_is_set_up_and_signs_in_from_then_on(app, ada, now):
    phone, answer = turn_on(ada)
    assert (answer.headers["Cache-Control"], len(phone.recovery_codes), since(app)) == ("no-store", 10, NOON)
    assert f"{phone.recovery_codes[0]}%0D%0A{phone.recovery_codes[1]}" in answer.get_data(as_text=True)
    assert "10 recovery codes are left" in words(ada.get(PAGE))
    assert phone.recovery_codes[0] not in ada.get(PAGE).get_data(as_text=True)
    with app.app_context():
        seed = db.session.scalars(select(SecondFactor.seed)).one()
    assert pyotp.TOTP(phone.secret).secret not in str(seed)
    client = browser(app)
    assert submit(client, "/login", {"email": EMAIL, "password": PASSWORD}).location == "/login/code"
    # The code that turned it on is used up.
    assert submit(client, "/login/code", {"code": phone.code()}).status_code == 422
    now.shift(30)
    assert submit(client, "/login/code", {"code": phone.code()}).status_code == 303


def test_nothing_changes_before_the_right_code(app, ada):
    phone, location = begin(ada)
    refused = submit(ada, location, {"code": phone.wrong_code()})
    assert refused.status_code == 422
    assert "This is not what the app should show now." in words(refused)
    # The same key again, so that the app need not be set up once more.
    assert phone.secret[:4] in refused.get_data(as_text=True)
    assert since(app) is None
    assert submit(ada, location, {"code": phone.code()}).status_code == 201


@pytest.mark.parametrize("typed", ["", "not the password"])
def test_the_password_is_asked_for_first(app, ada, typed):
    assert submit(ada, PAGE, {"current_password": typed}).status_code == 422
    assert ada.get(f"{PAGE}/new").location == PAGE
    assert submit(ada, f"{PAGE}/new", {"code": "123456"}, page=PAGE).location == PAGE
    assert since(app) is None


def test_what_was_begun_ends_after_a_quarter_of_an_hour(app, ada, now):
    phone, location = begin(ada)
    now.shift(15 * 60)
    assert ada.get(location).location == PAGE
    assert submit(ada, location, {"code": phone.code()}, page=PAGE).location == PAGE
    assert since(app) is None


def test_no_other_app_takes_the_place_of_the_one_in_force(app, ada):
    other = browser(app)
    sign_in(other, EMAIL)
    phone, location = begin(other)
    turn_on(ada)
    assert submit(other, location, {"code": phone.code()}, page=PAGE).location == PAGE
    assert submit(other, PAGE, {"current_password": PASSWORD}, page="/settings/profile").location == PAGE
    with app.app_context():
        assert db.session.query(SecondFactor).count() == 1


BOTH = {"current_password": PASSWORD}


def test_it_is_turned_off_with_password_and_code(app, ada, now):
    phone, _answer = turn_on(ada)
    now.shift(30)
    end = f"{PAGE}/end"
    for wrong in ({"code": phone.code()}, BOTH, BOTH | {"code": phone.wrong_code()}, {"current_password": "x"}):
        assert submit(ada, end, wrong).status_code == 422
    assert since(app)
    assert submit(ada, end, BOTH | {"code": phone.code()}).location == PAGE
    assert since(app) is None
    assert "The second factor is off." in words(ada.get(PAGE))
    client = browser(app)
    assert submit(client, "/login", {"email": EMAIL, "password": PASSWORD}).location == "/dashboard"


def move(client, code):
    """Type both factors, and return the new app."""
    begun = submit(client, f"{PAGE}/move", BOTH | {"code": code})
    if begun.status_code != 303:
        return begun
    key = re.search(r'id="factor-secret"[^>]*>([A-Z2-7 ]+)<', client.get(begun.location).get_data(as_text=True))
    return Phone(key.group(1).replace(" ", ""), [])


def test_it_moves_to_another_app_with_both_factors_and_a_code_of_the_new_one(app, ada, now):
    old, _answer = turn_on(ada)
    now.shift(30)
    assert move(ada, old.wrong_code()).status_code == 422
    new = move(ada, old.recovery_codes[0])
    assert submit(ada, f"{PAGE}/new", {"code": new.wrong_code()}).status_code == 422
    client = browser(app)
    submit(client, "/login", {"email": EMAIL, "password": PASSWORD})
    assert submit(client, "/login/code", {"code": old.code()}).status_code == 303
    assert submit(ada, f"{PAGE}/new", {"code": new.code()}).location == PAGE
    assert "The codes of the new app count from now on" in words(ada.get(PAGE))
    now.shift(30)
    submit(client, "/login", {"email": EMAIL, "password": PASSWORD}, page="/dashboard")
    assert submit(client, "/login/code", {"code": old.code()}).status_code == 422
    assert submit(client, "/login/code", {"code": new.code()}).status_code == 303
    assert "9 recovery codes are left" in words(ada.get(PAGE))


def test_new_recovery_codes_take_both_factors_and_replace_the_old_ones(app, ada, now):
    phone, _answer = turn_on(ada)
    path = f"{PAGE}/recovery-codes"
    assert submit(ada, path, BOTH | {"code": phone.wrong_code()}).status_code == 422
    made = submit(ada, path, BOTH | {"code": phone.recovery_codes[0]})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    new = re.findall(r"<li>([a-z0-9-]{19})</li>", made.get_data(as_text=True))
    assert len(new) == 10
    # Whoever made them may have made themselves a way back in.
    assert ("recovery_codes_made", EMAIL) in queued(app)
    assert not set(new) & set(phone.recovery_codes)
    client = browser(app)
    submit(client, "/login", {"email": EMAIL, "password": PASSWORD})
    assert submit(client, "/login/code", {"code": phone.recovery_codes[1]}).status_code == 422
    assert submit(client, "/login/code", {"code": new[0]}).status_code == 303


def test_wrong_codes_are_limited_here_as_at_the_sign_in(app, ada):
    phone, _answer = turn_on(ada)
    answers = [submit(ada, f"{PAGE}/end", BOTH | {"code": phone.wrong_code()}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


# Where admins have to have one


@pytest.fixture
def strict(make_app):
    return make_app(ADMIN_SECOND_FACTOR="required")


def admin_of(app):
    client = browser(app)
    sign_in(client, "marta@example.com")
    return client


def test_an_admin_without_one_is_led_to_set_it_up_and_nothing_else_is_closed(strict):
    marta = admin_of(strict)
    for path in ("/admin", "/admin/users", "/admin/rules?as_of=2030-01-01"):
        assert marta.get(path).status_code == 302
    assert marta.get("/admin/users?named=a").location == f"{PAGE}?next=/admin/users?named%3Da"
    part = marta.get("/admin/users", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"], part.get_data()) == (204, PAGE, b"")
    sent = submit(marta, "/admin/keys", {"name": "shop", "scope": "write"}, page=PAGE)
    assert (sent.status_code, sent.location) == (303, PAGE)
    for path in ("/dashboard", "/analytics", "/settings/profile", "/settings/sessions", PAGE):
        assert marta.get(path).status_code == 200
    assert "Admins of this site need one." in words(marta.get(PAGE))
    _phone, answer = turn_on(marta, target="?next=/admin/users")
    assert 'href="/admin/users"' in answer.get_data(as_text=True)
    assert marta.get("/admin/users").status_code == 200
    assert submit(marta, "/logout", {}, page="/dashboard").status_code == 303


def test_an_admin_who_has_to_have_one_keeps_it(strict, now):
    marta = admin_of(strict)
    phone, _answer = turn_on(marta)
    now.shift(30)
    end = f"{PAGE}/end"
    assert marta.get(end).location == PAGE
    assert submit(marta, end, BOTH | {"code": phone.code()}, page=PAGE).location == PAGE
    assert since(strict, "marta@example.com")
    assert "so it stays on" in words(marta.get(PAGE))


def test_a_new_role_counts_at_the_next_request_with_what_it_asks_for(strict):
    with strict.app_context(), write_transaction() as session:
        factories.person(session, email="jo@example.com", password=PASSWORD)
    jo = browser(strict)
    sign_in(jo, "jo@example.com")
    assert jo.get("/admin").status_code == 403
    give_role(strict, "jo@example.com", "admin")
    assert jo.get("/admin").location == f"{PAGE}?next=/admin"
    turn_on(jo)
    assert jo.get("/admin").status_code == 200
    give_role(strict, "jo@example.com", "marketer")
    assert jo.get("/admin").status_code == 403
    # Nobody wants one of a marketer: she may turn it off.
    assert jo.get(f"{PAGE}/end").status_code == 200


def give_role(app, email, role):
    with app.app_context(), write_transaction() as session:
        change_role(session, find_by_email(session, email), role, by=None, now=utc_now())


def test_only_admins_have_to_have_one_and_where_nobody_has_to_admins_need_none(app, strict):
    ada = browser(strict)
    sign_in(ada, EMAIL)
    assert ada.get("/dashboard").status_code == 200
    assert admin_of(app).get("/admin").status_code == 200


def test_who_has_not_confirmed_their_address_is_led_to_that_first(app, ada):
    with app.app_context(), write_transaction() as session:
        find_by_email(session, EMAIL).email_verified_at = None
    page = ada.get(PAGE)
    assert "Confirm your address first" in words(page)
    assert "current_password" not in page.get_data(as_text=True)
    token = factories.csrf_token(ada.get("/settings/sign-in/password").get_data(as_text=True))
    begun = ada.post(PAGE, data={"csrf_token": token, "current_password": PASSWORD})
    assert (begun.status_code, begun.location) == (303, PAGE)
    assert ada.get(f"{PAGE}/new").location == PAGE
