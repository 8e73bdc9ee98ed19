"""A key may ask 200 times at once and 1,200 times a minute."""

from datetime import timedelta

import pytest
from limits import RateLimitItemPerSecond

from tests.factories import NOON
from tests.views.api.caller import API, CONVERSION, SIGNUP, Caller, rows
from webapp.limits import API_CALLS

SECOND = timedelta(seconds=1)


@pytest.fixture
def five_at_once(monkeypatch):
    """Where it does not matter how many they are."""
    monkeypatch.setattr("webapp.limits.API_CALLS", RateLimitItemPerSecond(5, 10))


def statuses(caller, times, path="/rewards"):
    """Return how a call is answered, many times over. What the answers hold is for other tests."""
    client, headers = caller.app.test_client(), {"Authorization": f"Bearer {caller.secret}"}
    return [client.get(f"{API}{path}", headers=headers).status_code for _ in range(times)]


def test_200_calls_at_once_are_answered_and_the_next_is_told_when_to_come_back(api, clock):
    assert statuses(api, 200) == [200] * 200
    refused = api.get("/rewards")
    assert refused.status_code == 429
    # All of them came at one moment, and count for ten seconds.
    assert refused.headers["Retry-After"] == "10"
    assert refused.get_json()["detail"] == "Nothing was lost. Please wait a little and try again."
    clock.move_to(NOON + 9 * SECOND, tick=False)
    again = api.get("/rewards")
    assert (again.status_code, again.headers["Retry-After"]) == (429, "1")
    clock.move_to(NOON + 10.5 * SECOND, tick=False)
    assert api.get("/rewards").status_code == 200


def test_that_makes_1_200_a_minute():
    assert API_CALLS.amount * 60 / API_CALLS.get_expiry() == 1200


@pytest.mark.usefixtures("five_at_once")
def test_all_calls_of_a_key_count_and_two_keys_do_not_share(app, api, keys):
    other, reader = keys("another"), keys("reader", scope="read")
    calls = [
        api.get("/rewards"),
        api.get("/users/nobody"),
        api.post("/signups", SIGNUP),
        api.post("/conversions", {}),
        api.raw("/refunds", b"{"),
    ]
    assert [response.status_code for response in calls] == [200, 404, 201, 422, 400]
    before = rows(app)
    assert api.post("/conversions", CONVERSION).status_code == 429
    assert rows(app) == before
    assert other.post("/conversions", CONVERSION).status_code == 201
    # What a key may not do counts as well.
    assert [reader.post("/signups", SIGNUP).status_code for _ in range(6)] == [403] * 5 + [429]


@pytest.mark.usefixtures("five_at_once")
def test_a_key_of_another_program_has_a_limit_of_its_own(api, elsewhere):
    assert statuses(api, 6) == [200] * 5 + [429]
    assert statuses(elsewhere, 6) == [200] * 5 + [429]


@pytest.mark.usefixtures("five_at_once")
def test_who_has_no_key_uses_up_nobody_s_limit(app, api):
    client = app.test_client()
    for headers in ({}, {"Authorization": "Bearer gvk_x"}):
        assert {client.get(f"{API}/rewards", headers=headers).status_code for _ in range(6)} == {401}
    assert {client.get(f"{API}/openapi.json").status_code for _ in range(6)} == {200}
    assert statuses(api, 6) == [200] * 5 + [429]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_store_that_is_away_stops_no_call(make_app, api):
    elsewhere_counted = make_app(RATE_LIMIT_URL="redis://127.0.0.1:1/0")
    assert Caller(elsewhere_counted, api.secret).get("/rewards").status_code == 200
