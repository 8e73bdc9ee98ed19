"""Limits: counted before what they limit, by a store that is a help and no condition, and without naming anyone."""

from hashlib import sha256

import pytest
from structlog.testing import capture_logs

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, submit
from tests.threads import at_once
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.limits import API_CALLS
from webapp.services.keys import create_key

EMAIL = "ada@example.com"
SECRET = "gvk_of_the_shop"
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def key(app):
    """The header that a caller of the API sends."""
    with app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret=SECRET, now=utc_now())
    return {"Authorization": f"Bearer {SECRET}"}


def wrong_sign_ins(app, times):
    client = browser(app)
    return [submit(client, "/login", {"email": EMAIL, "password": "x"}).status_code for _ in range(times)]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_store_that_is_away_closes_nothing_and_each_process_counts_for_itself(make_app):
    app = make_app(RATE_LIMIT_URL=AWAY)
    with capture_logs() as logged:
        assert wrong_sign_ins(app, 11) == [422] * 10 + [429]
        answers = [browser(app).get(path).status_code for path in ["/r/NOSUCHCODE", "/signup?ref=NOSUCHCODE"] * 16]
    assert answers == [404, 200] * 15 + [429, 429]
    assert [entry["event"] for entry in logged if entry["event"].startswith("rate_limit")] == ["rate_limit_store_away"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("store", ["memory://", AWAY], ids=["memory", "a store that is away"])
def test_calls_of_the_api_are_limited_by_key(make_app, key, store, time_machine):
    app = make_app(RATE_LIMIT_URL=store)
    time_machine.move_to(NOON, tick=False)
    client = browser(app)
    answers = [client.get("/api/v1/referrals", headers=key) for _ in range(API_CALLS.amount + 1)]
    assert [answer.status_code for answer in answers] == [200] * 200 + [429]
    assert answers[-1].headers["Retry-After"] == "10"
    assert answers[-1].mimetype == "application/problem+json"
    time_machine.shift(10.1)
    assert client.get("/api/v1/referrals", headers=key).status_code == 200


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_many_wrong_sign_ins_at_once_are_no_more_than_many_in_turn(app):
    clients = [browser(app) for _ in range(40)]
    tokens = [csrf_token(client.get("/login").get_data(as_text=True)) for client in clients]

    def sign_in(client, token):
        return lambda: client.post("/login", data={"csrf_token": token, "email": EMAIL, "password": "x"}).status_code

    answers = at_once(app, [sign_in(client, token) for client, token in zip(clients, tokens, strict=True)])
    assert sorted(answers) == [422] * 10 + [429] * 30


def test_a_failure_of_ours_is_no_failure_of_theirs(app, monkeypatch):
    def broken(*_args):
        raise RuntimeError

    app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as patched:
        patched.setattr("webapp.views.public.sessions.find_by_email", broken)
        assert wrong_sign_ins(app, 12) == [500] * 12
    assert wrong_sign_ins(app, 11) == [422] * 10 + [429]


def test_who_is_refused_for_the_network_does_not_count_against_an_account(make_app):
    app = make_app(TRUSTED_PROXIES="1")
    client = browser(app)
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.7"
    for number in range(30):
        data = {"email": f"nobody{number}@example.com", "password": "x"}
        assert submit(client, "/login", data).status_code == 422
    for _ in range(12):
        assert submit(client, "/login", {"email": EMAIL, "password": "x"}).status_code == 429
    windows = app.extensions["grapevine_limits"].own.windows
    # Thirty accounts and one network.
    assert [len(window.times) for window in windows.values()].count(1) == 30


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_store_is_told_nobodys_address_and_no_hash_that_anyone_could_make(app):
    wrong_sign_ins(app, 1)
    browser(app).get("/r/NOSUCHCODE")
    data = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD, "ref": ""}
    assert submit(browser(app), "/signup", data).status_code == 303
    told = " ".join(app.extensions["grapevine_limits"].own.windows)
    assert told.count("LIMITER") == 4
    for telling in (EMAIL, sha256(EMAIL.encode()).hexdigest()[:16], "127.0.0.1"):
        assert telling not in told
