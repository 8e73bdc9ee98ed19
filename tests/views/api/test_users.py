"""People as the business asks about them, whose code something is, and links that sign referrers in."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.threads import at_once
from tests.views.api.caller import CONVERSION, REFUND, SIGNUP, refused, rows
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Link, SignInLink, User, UserSession

FIVE_MINUTES = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)


def test_a_person_is_shown_with_their_code_their_referrer_and_their_balances(api, ada, bob, publish):
    publish()
    publish(key="at-once", kind="fixed_amount", settings={"amount": 500, "currency": "EUR"}, hold_days=0)
    api.post("/conversions", CONVERSION)
    # 20% of the 29.99 that are left is 6.00.
    api.post("/refunds", REFUND | {"amount": 2000})
    assert api.get("/users/cus_1").get_json() == {"user": bob["user"], "referral": bob["referral"], "balances": []}
    nothing = {"pending": 0, "held": 0, "approved": 0, "in_payout": 0, "paid": 0, "clawback": 0}
    assert api.get("/users/ada").get_json() == {
        "user": ada["user"],
        "referral": None,
        "balances": [
            {"currency": "EUR", **nothing, "approved": 500},
            {"currency": "USD", **nothing, "pending": 600},
        ],
    }


@pytest.mark.usefixtures("bob")
def test_someone_who_is_not_there_is_not_found(api, subtests):
    for external_id in ("cus_2", "CUS_1", "cus_1%20", "%00", "cus_1%00", "%FF", "x" * 5000):
        with subtests.test(external_id[:20]):
            assert refused(api.get(f"/users/{external_id}")) == (404, [])
            assert refused(api.get(f"/users/{external_id}/rewards")) == (404, [])
            assert refused(api.post(f"/users/{external_id}/sign-in-link")) == (404, [])


@pytest.mark.usefixtures("bob")
def test_nobody_of_another_program_is_found(app, api, elsewhere):
    before = rows(app)
    for path in ("/users/cus_1", "/users/cus_1/rewards"):
        assert api.get(path).status_code == 200
        assert elsewhere.get(path).status_code == 404
    assert elsewhere.post("/users/cus_1/sign-in-link").status_code == 404
    assert rows(app) == before


def test_the_same_external_id_is_another_person_in_another_program(app, api, elsewhere, bob):
    there = elsewhere.post("/signups", SIGNUP | {"email": "cy@example.org", "name": "Cy Young"}).get_json()
    assert api.get("/users/cus_1").get_json()["user"] == bob["user"]
    assert elsewhere.get("/users/cus_1").get_json()["user"] == there["user"]
    for caller, name in ((api, "Bob Miller"), (elsewhere, "Cy Young")):
        link, client = caller.post("/users/cus_1/sign-in-link").get_json()["url"], browser(app)
        client.get(urlsplit(link).path)
        assert who(client) == name


def test_a_code_is_found_in_either_case_and_with_look_alikes(app, api, ada, subtests):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Link).values(code="70MWRT1PXK", code_key="70MWRT1PXK"))
    for spelled in ("70MWRT1PXK", "70mwrt1pxk", "7OMWRTLPXK", "7omwrtipxk", "%2070MWRT1PXK"):
        with subtests.test(spelled):
            assert api.get(f"/codes/{spelled}").get_json() == {
                "code": "70MWRT1PXK",
                "referrer_id": ada["user"]["id"],
                "referral_url": "http://localhost/r/70MWRT1PXK",
            }


def test_a_code_that_does_not_work_is_not_found(app, api, elsewhere, ada, subtests):
    code = ada["user"]["referral_code"]
    assert api.get(f"/codes/{code}").status_code == 200
    for spelled in ("NOSUCHCODE", f"{code}0", "%00", f"{code}%00", "-", "x" * 5000):
        with subtests.test(spelled[:20]):
            assert refused(api.get(f"/codes/{spelled}")) == (404, [])
    assert elsewhere.get(f"/codes/{code}").status_code == 404
    with app.app_context(), write_transaction() as session:
        session.execute(update(Link).values(retired_at=NOON))
    assert api.get(f"/codes/{code}").status_code == 404


@pytest.fixture
def make_link(api, ada):
    """Return the path of a new link that signs Ada in."""

    def make():
        answer = api.post("/users/ada/sign-in-link").get_json()
        site, _, path = answer["url"].partition("/sign-in/")
        assert site == "http://localhost"
        return f"/sign-in/{path}"

    return make


def who(client):
    """Return the name of whoever is signed in, None for nobody."""
    if client.get("/dashboard").status_code != 200:
        return None
    with client.application.app_context(), client.session_transaction() as cookie:
        return db.session.get_one(User, UUID(cookie["_user_id"])).name


def test_a_link_signs_its_referrer_in_once(app, make_link):
    link, client, other = make_link(), browser(app), browser(app)
    response = client.get(link)
    assert (response.status_code, response.location) == (303, "/dashboard")
    assert response.headers["Cache-Control"] == "no-store"
    assert who(client) == "Ada Okafor"
    for again in (client, other):
        over = again.get(link)
        assert over.status_code == 410
        assert "has been used or is too old" in over.get_data(as_text=True)
    assert who(client) == "Ada Okafor"
    assert who(other) is None


def test_a_link_says_when_it_ends_and_is_stored_as_a_hash_only(app, api, ada):
    response = api.post("/users/ada/sign-in-link")
    assert response.status_code == 201
    assert response.get_json()["expires_at"] == "2026-11-22T12:05:00Z"
    token = urlsplit(response.get_json()["url"]).path.removeprefix("/sign-in/")
    with app.app_context():
        (stored,) = db.session.scalars(select(SignInLink)).all()
    assert (str(stored.user_id), stored.expires_at, stored.used_at) == (ada["user"]["id"], NOON + FIVE_MINUTES, None)
    assert token not in stored.token_hash
    # 256 bits, in Base64.
    assert len(token) == 43


@pytest.mark.parametrize(
    ("later", "status"), [(FIVE_MINUTES - MICROSECOND, 303), (FIVE_MINUTES, 410)], ids=["the last moment", "too late"]
)
def test_a_link_works_for_five_minutes(app, make_link, clock, later, status):
    link, client = make_link(), browser(app)
    clock.move_to(NOON + later, tick=False)
    assert client.get(link).status_code == status
    assert who(client) == ("Ada Okafor" if status == 303 else None)


def test_looking_ahead_does_not_use_a_link_up(app, make_link, subtests):
    link = make_link()
    looks = {
        "HEAD": {"method": "HEAD"},
        "prefetch": {"headers": {"Sec-Purpose": "prefetch"}},
        "prerender": {"headers": {"Sec-Purpose": "prefetch;prerender"}},
        "preview": {"headers": {"X-Purpose": "preview"}},
        "an old Firefox": {"headers": {"X-Moz": "prefetch"}},
    }
    for name, look in looks.items():
        with subtests.test(name):
            client = browser(app)
            response = client.open(link, **look)
            assert (response.status_code, response.data) == (204, b"")
            assert who(client) is None
    assert rows(app)["user_sessions"] == 0
    client = browser(app)
    assert client.get(link).status_code == 303
    assert who(client) == "Ada Okafor"


def test_each_of_two_links_works(app, make_link):
    first, second = make_link(), make_link()
    assert first != second
    assert [browser(app).get(link).status_code for link in (second, first)] == [303, 303]


def test_a_link_replaces_whoever_was_signed_in(app, make_link):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="Marta Voss", email="admin@example.com", role="admin", password=PASSWORD)
    client, thief = browser(app), browser(app)
    sign_in(client, "admin@example.com")
    thief.set_cookie("gv_session", client.get_cookie("gv_session").value)
    assert client.get("/admin").status_code == 200
    assert client.get(make_link()).status_code == 303
    assert who(client) == "Ada Okafor"
    assert client.get("/admin").status_code == 403
    # The session before has ended on the server, too.
    assert who(thief) is None
    with app.app_context():
        ended = db.session.scalars(select(UserSession.ended_at).order_by(UserSession.created_at, UserSession.id)).all()
    assert ended == [NOON, None]


def test_a_link_that_is_over_leaves_whoever_is_signed_in_alone(app, make_link, clock):
    link, client = make_link(), browser(app)
    client.get(make_link())
    clock.move_to(NOON + FIVE_MINUTES, tick=False)
    assert client.get(link).status_code == 410
    assert who(client) == "Ada Okafor"


@pytest.mark.usefixtures("ada", "staff")
@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_links_are_for_referrers_only(app, api, role):
    before = rows(app)
    response = api.post(f"/users/{role}/sign-in-link")
    assert response.status_code == 403
    assert response.get_json()["detail"] == "Only referrers are signed in like this; this person is not one."
    assert rows(app) == before


def test_a_referrer_who_became_staff_is_not_signed_in_by_an_older_link(app, make_link):
    link, client = make_link(), browser(app)
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).values(role="admin"))
    assert client.get(link).status_code == 410
    assert who(client) is None


def test_what_is_not_a_link_signs_nobody_in(app, make_link, subtests):
    link = make_link()
    token = link.removeprefix("/sign-in/")
    for altered in (f"{token}x", token[:-1], token.swapcase(), "x", "%00", "%FF"):
        with subtests.test(altered):
            client = browser(app)
            assert client.get(f"/sign-in/{altered}").status_code == 410
            assert who(client) is None
    assert browser(app).get(link).status_code == 303


@pytest.mark.slow
def test_of_many_who_open_a_link_at_once_one_gets_in(app, make_link):
    link = make_link()
    statuses = at_once(app, [lambda: browser(app).get(link).status_code for _ in range(8)])
    assert sorted(statuses) == [303, *[410] * 7]
    assert rows(app)["user_sessions"] == 1
