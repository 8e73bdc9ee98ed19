"""What the API says of referrals that a person changed: what holds, and the first answers as they were."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.views.api.caller import CONVERSION, REFUND
from webapp.database import write_transaction
from webapp.models import User
from webapp.queries.bonds import count_changes
from webapp.services.referral_changes import Wanted, change_referral

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def luca(api):
    person = {"external_id": "luca", "email": "luca@example.com", "name": "Luca Rossi"}
    return api.post("/signups", person).get_json()["user"]


def change(app, kind, to=None):
    with app.app_context(), write_transaction() as session:
        people = {one.external_id: one for one in session.scalars(select(User))}
        link = factories.link_of(session, people[to]) if to else None
        bob = people["cus_1"]
        wanted = Wanted(kind, link, count_changes(session, bob.id), "other", by=people["ada"].id)
        change_referral(session, factories.program(session), bob, wanted, now=NOON)


def test_a_moved_referral_says_who_is_credited_and_how(app, api, ada, bob, luca, publish):
    publish(hold_days=0)
    first = api.post("/conversions", CONVERSION)
    change(app, "move", "luca")
    (listed,) = api.get("/referrals").get_json()["data"]
    assert (listed["referrer_id"], listed["method"]) == (luca["id"], "assigned")
    assert listed["id"] == bob["referral"]["id"]

    again = api.post("/conversions", CONVERSION)
    assert again.get_data() == first.get_data()
    now = api.get("/conversions/evt_1").get_json()
    held = {one["beneficiary_id"]: (one["status"], one["amount"] - one["reversed"]) for one in now["rewards"]}
    assert held == {ada["user"]["id"]: ("reversed", 0), luca["id"]: ("approved", 1000)}
    assert [one["code"] for one in now["explanation"]] == ["earned"]
    (explained,) = api.get("/conversions/evt_1/explanation").get_json()["explanation"]
    assert (explained["code"], explained["amount"]) == ("earned", 1000)

    answer = api.post("/refunds", REFUND).get_json()
    (reversal,) = answer["reversals"]
    assert reversal["reward_id"] == next(one["id"] for one in now["rewards"] if one["beneficiary_id"] == luca["id"])


def test_a_removed_referral_is_not_listed_and_one_that_is_assigned_is(app, api, ada, bob, publish):
    publish(hold_days=0)
    api.post("/conversions", CONVERSION)
    change(app, "remove")
    assert api.get("/referrals").get_json()["data"] == []
    (said,) = api.get("/conversions/evt_1").get_json()["explanation"]
    assert said["code"] == "not_referred"
    change(app, "assign", "ada")
    (listed,) = api.get("/referrals").get_json()["data"]
    assert (listed["referrer_id"], listed["method"]) == (ada["user"]["id"], "assigned")
    assert [one["code"] for one in api.get("/conversions/evt_1").get_json()["explanation"]] == ["earned"]
