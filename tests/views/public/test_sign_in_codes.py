"""The second step of signing in: nobody is in before it, and no code is good twice."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, submit
from tests.phones import phone_of
from tests.threads import at_once
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import OutboxMail, User, UserSession
from webapp.passwords import hash_password
from webapp.queries.people import find_by_email
from webapp.second_factor import secret_of, step_of
from webapp.services.second_factor import turn_off
from webapp.services.sign_in_links import create_sign_in_link

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EMAIL = "ada@example.com"


@pytest.fixture
def phone(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=EMAIL, password=PASSWORD)
    return phone_of(app, EMAIL)


def begin(app, *, target=None):
    """Return a browser in which the password was typed, and where it was sent."""
    client = browser(app)
    path = f"/login?next={target}" if target else "/login"
    response = submit(client, path, {"email": EMAIL, "password": PASSWORD}, page=path)
    assert response.status_code == 303
    return client, response.location


def type_code(client, code, *, path="/login/code"):
    return submit(client, path, {"code": code}, page=path)


def is_in(client):
    return client.get("/dashboard").status_code == 200


def sessions(app):
    with app.app_context():
        return db.session.query(UserSession).count()


def mails(app):
    with app.app_context():
        return sorted(db.session.scalars(select(OutboxMail.template)))


def test_after_the_password_one_is_not_in_and_after_the_code_one_is(app, phone):
    client, location = begin(app, target="/dashboard/links")
    assert location == "/login/code?next=/dashboard/links"
    assert (is_in(client), sessions(app)) == (False, 0)
    page = client.get(location)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    entered = type_code(client, f" {phone.code()[:3]} {phone.code()[3:]}", path=location)
    assert (entered.status_code, entered.location) == (303, "/dashboard/links")
    assert (is_in(client), sessions(app)) == (True, 1)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(app, phone, steps, good):
    client, _location = begin(app)
    assert type_code(client, phone.code(steps=steps)).status_code == (303 if good else 422)
    assert is_in(client) is good


def test_a_code_is_good_once_and_so_is_none_before_it(app, phone, time_machine):
    code, before = phone.code(), phone.code(steps=-1)
    assert type_code(begin(app)[0], code).status_code == 303
    for used in (code, before):
        client, _location = begin(app)
        refused = type_code(client, used)
        assert (refused.status_code, is_in(client)) == (422, False)
        assert "was used already" in refused.get_data(as_text=True)
    time_machine.shift(30)
    assert type_code(begin(app)[0], phone.code()).status_code == 303


def test_of_several_browsers_with_the_same_code_at_once_one_gets_in(app, phone):
    clients = [begin(app)[0] for _ in range(4)]
    tokens = [csrf_token(client.get("/login/code").get_data(as_text=True)) for client in clients]
    code = phone.code()

    def enter(client, token):
        return lambda: client.post("/login/code", data={"csrf_token": token, "code": code}).status_code

    answers = at_once(app, [enter(client, token) for client, token in zip(clients, tokens, strict=True)])
    assert sorted(answers) == [303, 422, 422, 422]
    assert sessions(app) == 1


def test_a_recovery_code_signs_in_once_and_its_owner_is_told(app, phone):
    client, _location = begin(app)
    assert type_code(client, phone.recovery_codes[0].upper()).location == "/dashboard"
    assert is_in(client)
    again, _location = begin(app)
    assert type_code(again, phone.recovery_codes[0]).status_code == 422
    assert not is_in(again)
    assert mails(app) == ["recovery_code_used", "second_factor_on"]


def test_who_uses_one_of_the_last_recovery_codes_is_led_to_where_new_ones_are_made(app, phone):
    answers = [type_code(begin(app)[0], code).location for code in phone.recovery_codes]
    assert answers == ["/dashboard"] * 6 + ["/settings/second-factor?next=/dashboard"] * 4


@pytest.mark.parametrize(
    "code", ["", "000", "abcdef", "1234567", "k7fm-wq3x-9prt-h2vd", "\0", "x" * 5000, "１２３４５６"]
)
def test_anything_else_signs_nobody_in(app, phone, code):
    client, _location = begin(app)
    assert type_code(client, code).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize("minutes", [4.99, 5])
def test_the_code_has_to_come_within_five_minutes(app, phone, time_machine, minutes):
    client, _location = begin(app)
    token = csrf_token(client.get("/login/code").get_data(as_text=True))
    time_machine.shift(minutes * 60)
    answer = client.post("/login/code?next=/dashboard/links", data={"csrf_token": token, "code": phone.code()})
    over = minutes == 5
    assert answer.location == ("/login?next=/dashboard/links&late=1" if over else "/dashboard/links")
    assert is_in(client) is not over
    if over:
        assert "Please begin once more." in client.get(answer.location).get_data(as_text=True)


def in_database(app, **values):
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).where(User.email == EMAIL).values(**values))


def test_another_password_ends_what_was_begun_with_the_former(app, phone):
    client, _location = begin(app)
    token = csrf_token(client.get("/login/code").get_data(as_text=True))
    with app.app_context():
        changed = hash_password("another good sentence")
    in_database(app, password_hash=changed)
    assert client.post("/login/code", data={"csrf_token": token, "code": phone.code()}).location == "/login?late=1"
    assert not is_in(client)


def test_who_was_erased_or_needs_no_code_any_more_begins_again(app, phone):
    client, _location = begin(app)
    in_database(app, erased_at=NOON)
    assert client.get("/login/code").location == "/login?late=1"
    in_database(app, erased_at=None)
    assert client.get("/login/code").status_code == 200
    with app.app_context(), write_transaction() as session:
        turn_off(session, find_by_email(session, EMAIL), by=None, now=utc_now())
    assert client.get("/login/code").location == "/login?late=1"


def test_nobody_is_half_signed_in_by_a_cookie_of_their_own(app, phone):
    client = browser(app)
    assert client.get("/login/code").location == "/login?late=1"
    half, _location = begin(app)
    cookie = half.get_cookie("gv_session").value
    for altered in (cookie[:-1], cookie.replace(".", "x.", 1), f"{cookie}x"):
        client.set_cookie("gv_session", altered)
        assert client.get("/login/code").location == "/login?late=1"
    client.set_cookie("gv_session", cookie)
    assert client.get("/login/code").status_code == 200


def test_whoever_was_signed_in_stays_so_until_the_code_came(app, phone):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="Bob Miller", email="bob@example.org", password=PASSWORD)
    client = browser(app)
    factories.sign_in(client, "bob@example.org")
    assert submit(client, "/login", {"email": EMAIL, "password": PASSWORD}, page="/dashboard").status_code == 303
    assert "Bob Miller" in client.get("/settings/profile").get_data(as_text=True)
    type_code(client, phone.code())
    assert "Ada Okafor" in client.get("/settings/profile").get_data(as_text=True)


def test_ten_wrong_codes_an_hour_are_read_from_all_networks_and_recovery_codes_always(make_app, phone, time_machine):
    app = make_app(TRUSTED_PROXIES="1")
    for number in range(11):
        client, _location = begin_from(app, number)
        refused = type_code(client, phone.wrong_code())
        assert refused.status_code == (429 if number == 10 else 422)
    assert refused.headers["Retry-After"] == "3600"
    assert "Codes from the app are read again in 60 minutes" in refused.get_data(as_text=True)
    # Not even the right one, or the tries would go on in the shadow of its owner; but nobody guesses a recovery code.
    assert type_code(client, phone.code()).status_code == 429
    assert type_code(client, phone.recovery_codes[0]).status_code == 303
    assert mails(app) == ["recovery_code_used", "second_factor_guessed", "second_factor_on"]
    time_machine.shift(3601)
    assert type_code(begin_from(app, 12)[0], phone.code()).status_code == 303


def begin_from(app, number):
    client = browser(app)
    client.environ_base["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
    return client, submit(client, "/login", {"email": EMAIL, "password": PASSWORD}).location


def test_wrong_codes_count_as_failed_sign_ins_and_right_ones_do_not(app, phone, time_machine):
    client, _location = begin(app)
    for _ in range(9):
        assert type_code(client, phone.wrong_code()).status_code == 422
    assert type_code(client, phone.code()).status_code == 303
    wrong = {"email": EMAIL, "password": "not the password"}
    assert [submit(browser(app), "/login", wrong).status_code for _ in range(2)] == [422, 429]


def test_a_link_of_the_businesss_own_site_does_not_skip_the_code(app, phone):
    with app.app_context(), write_transaction() as session:
        create_sign_in_link(session, find_by_email(session, EMAIL), "secret", utc_now())
    client = browser(app)
    assert client.get("/sign-in/secret").location == "/login/code"
    assert (is_in(client), sessions(app)) == (False, 0)
    assert type_code(client, phone.code()).location == "/dashboard"
    assert is_in(client)


def test_with_another_key_the_apps_are_useless_and_recovery_codes_are_not(make_app, phone):
    app = make_app(SECRET_KEY="another secret for tests, long enough")
    client, _location = begin(app)
    assert type_code(client, phone.code()).status_code == 422
    assert type_code(client, phone.recovery_codes[0]).status_code == 303


def test_the_codes_are_those_of_the_standard_and_of_one_person(app):
    with app.app_context():
        secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        # RFC 6238, appendix B, its last six digits: at 59 s, 94287082.
        assert step_of(secret, "287082", datetime.fromtimestamp(59, UTC)) == 1
        with write_transaction() as session:
            ids = [factories.person(session).id for _ in range(2)]
        assert len({secret_of(user_id, b"the same seed") for user_id in ids}) == 2
        assert all(len(secret_of(user_id, b"the same seed")) == 32 for user_id in ids)
