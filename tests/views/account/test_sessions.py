"""The browsers that one is signed in with, over HTTP."""

import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import UserSession

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EMAIL, PAGE = "ada@example.com", "/settings/sessions"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def sign(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        for email in (EMAIL, "bob@example.org"):
            factories.person(session, email=email, password=PASSWORD)

    def new(email=EMAIL, agent=None):
        client = browser(app)
        if agent is not None:
            client.environ_base["HTTP_USER_AGENT"] = agent
        sign_in(client, email)
        time_machine.shift(3600)
        return client

    return new


def words(client):
    page = client.get(PAGE).get_data(as_text=True)
    return " ".join(re.sub("<[^>]+>", " ", page.partition("<main")[2]).split())


def ids(client):
    return re.findall(rf"{PAGE}/([0-9a-f-]{{36}})/end", client.get(PAGE).get_data(as_text=True))


def is_in(client):
    return client.get("/dashboard").status_code == 200


def test_each_browser_is_named_and_this_one_comes_first(sign):
    laptop = sign()
    sign(agent=IPHONE), sign(agent="tool/1.0"), sign("bob@example.org")
    said = words(laptop)
    assert "You are signed in on 3 browsers" in said
    places = [
        said.index(part) for part in ("Firefox on a computer", "This browser", "A browser", "Safari on a telephone")
    ]
    assert places == sorted(places)
    assert "12:00" in said or "noon" in said or "12" in said


def test_one_is_ended_and_the_others_go_on(sign):
    laptop, phone = sign(), sign(agent=IPHONE)
    (_this, other) = ids(laptop)
    assert submit(laptop, f"{PAGE}/{other}/end", {}, page=PAGE).location == PAGE
    assert "Safari on a telephone was signed out." in words(laptop)
    assert [is_in(laptop), is_in(phone)] == [True, False]
    # It is over: there is nothing to end any more.
    assert submit(laptop, f"{PAGE}/{other}/end", {}, page=PAGE).status_code == 404


def test_ending_ones_own_is_signing_out(sign):
    laptop, phone = sign(), sign()
    assert submit(laptop, f"{PAGE}/{ids(laptop)[0]}/end", {}, page=PAGE).location == "/login"
    assert [is_in(laptop), is_in(phone)] == [False, True]


def test_all_others_are_ended_and_nobody_elses(sign):
    laptop, phone, tablet, bob = sign(), sign(), sign(), sign("bob@example.org")
    assert submit(laptop, f"{PAGE}/others/end", {}, page=PAGE).location == PAGE
    assert "2 other browsers were signed out." in words(laptop)
    assert [is_in(client) for client in (laptop, phone, tablet, bob)] == [True, False, False, True]
    submit(laptop, f"{PAGE}/others/end", {}, page="/settings/profile")
    assert "You were signed in nowhere else." in words(laptop)


def test_a_session_of_somebody_else_is_not_there(app, sign):
    ada, bob = sign(), sign("bob@example.org")
    (of_bob,) = ids(bob)
    assert submit(ada, f"{PAGE}/{of_bob}/end", {}, page=PAGE).status_code == 404
    assert is_in(bob)
    with app.app_context():
        assert db.session.scalars(select(UserSession.ended_at)).all() == [None, None]
