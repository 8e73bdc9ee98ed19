"""Groups of which one rule pays, over both sides of a referral that is moved."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON, link_of, person
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, send
from tests.services.test_counted_rewards import WHOLE, friends_of_ada, kept, purchases, whole_books
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.models import Conversion, Reward, User

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


class UndoneError(Exception):
    """The transaction is not kept."""


def terms_of_a_move(friend_id, to_id, now):
    """Try to move a friend, and take it back. Returns what it would do in money."""
    found = []
    with contextlib.suppress(UndoneError), write_transaction() as session:
        found.append(change(session, session.get_one(User, friend_id), session.get_one(User, to_id), now=now).terms)
        raise UndoneError
    return found[0]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("whose", ["the friend's own", "another friend's"])
def test_the_terms_of_a_move_are_others_when_what_it_takes_of_anybody_was_paid_meanwhile(whose):
    with write_transaction() as session:
        ada, friends = friends_of_ada(session, 3)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        code = {"all": [{"field": "link", "op": "in", "value": [link_of(session, eve).code]}]}
        publish(session, **TEN_DOLLARS, beneficiary="friend", exclusive="bonus")
        publish(session, exclusive="bonus", when=code, now=money.LIVE + timedelta(seconds=1))
        publish(session, **WHOLE)
        purchases(session, friends)
        # Moving the third takes their own ten dollars, and half of what Ada has of the others.
        of = {"the friend's own": (Reward.beneficiary_id == friends[2].id,)}
        of["another friend's"] = (
            Reward.beneficiary_id == ada.id,
            Conversion.event_id == "evt_1",
            Reward.correction == 1,
        )
        wanted = select(Reward.id).join(Conversion, Conversion.id == Reward.conversion_id).where(*of[whose])
        paid = session.scalars(wanted).one()
        ids = friends[2].id, eve.id
    looked_at = terms_of_a_move(*ids, now=NOON + 9 * DAY)
    assert terms_of_a_move(*ids, now=NOON + 9 * DAY + timedelta(seconds=7)) == looked_at
    with write_transaction() as session:
        send(session, paid, "approved", "in_payout")
    assert terms_of_a_move(*ids, now=NOON + 9 * DAY) != looked_at
