"""Groups of which one rule pays, over both sides of a referral that is moved."""

from datetime import timedelta

import pytest

from tests import money
from tests.factories import NOON, person
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish
from tests.services.test_counted_rewards import friends_of_ada, kept, purchases, whole_books
from tests.services.test_referral_changes import change
from webapp.database import write_transaction

__all__ = ["whole_books"]
pytestmark = pytest.mark.usefixtures("whole_books")


@pytest.mark.parametrize(("amount", "paid"), [("40.00 USD", 1000), ("80.00 USD", 1600)])
def test_a_moved_referral_makes_no_second_rule_of_a_group_pay(amount, paid):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, beneficiary="friend", exclusive="bonus")
        publish(session, exclusive="bonus", now=money.LIVE + timedelta(seconds=1))
        _ada, bob = ada_and_bob(session)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        buy(session, bob, amount)
        assert kept(session) == {"evt_1": paid}
        change(session, bob, eve)
        assert kept(session) == {"evt_1": paid}


def test_a_moved_referral_changes_which_rule_of_a_group_pays():
    once = {"per_referrer": {"count": 1, "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, beneficiary="friend", exclusive="bonus")
        publish(session, exclusive="bonus", limits=once, now=money.LIVE + timedelta(seconds=1))
        _ada, friends = friends_of_ada(session, 2)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        purchases(session, friends)
        # Ada's limit is used up by the first.
        assert kept(session) == {"evt_1": 2000, "evt_2": 1000}
        change(session, friends[1], eve)
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000}
        change(session, friends[0], eve, now=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 2000}
