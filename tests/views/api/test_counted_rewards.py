"""What the API says of rewards that follow the number of friends, and of rules of which one pays."""

import pytest

from tests.money import TEN_DOLLARS
from tests.services.test_counted_rewards import WHOLE
from tests.views.api.caller import CONVERSION

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_a_correction_says_which_it_is_and_an_explanation_how_many_friends_count(api, ada, bob, publish):
    publish(**{**WHOLE, "settings": {**WHOLE["settings"], "steps": [{"friends": 2, "percent": "10"}]}})
    publish(**{**TEN_DOLLARS, "settings": {"amount": 100, "currency": "USD"}}, exclusive="best")
    publish(key="more", exclusive="best")
    assert [one["code"] for one in api.post("/conversions", CONVERSION).get_json()["explanation"]] == [
        "step_not_reached",
        "exclusive",
        "earned",
    ]
    signup = {"external_id": "cus_2", "email": "two@example.org", "referral_code": ada["user"]["referral_code"]}
    api.post("/signups", {**signup, "name": "Second"})
    api.post("/conversions", {**CONVERSION, "event_id": "evt_2", "order_id": "o_2", "user": {"external_id": "cus_2"}})
    now = api.get("/conversions/evt_1").get_json()
    assert [(one["rule"]["key"], one["amount"], one["correction"]) for one in now["rewards"]] == [
        ("more", 1000, 0),
        ("tiers", 500, 0),
    ]
    facts = {
        one["rule"]: (one["facts"]["friends"], one["facts"]["is_new_friend"], one["facts"]["beaten_by"])
        for one in api.get("/conversions/evt_1/explanation").get_json()["explanation"]
    }
    assert facts == {
        "tiers": (2, True, None),
        "ten-dollars": (None, None, "more"),
        "more": (None, None, None),
    }
