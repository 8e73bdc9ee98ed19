"""Rules that count friends or share a group, when friends count by something earlier, later, or not at all any more."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON, link_of, person
from tests.money import DAY, buy, publish, refund, send
from tests.services.test_counted_rewards import BONUS, TIERS, WHOLE, friends_of_ada, kept, purchases, whole_books
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.models import Reward

__all__ = ["whole_books"]

FIRST_AND_SECOND = [{"friends": 1, "amount": 100}, {"friends": 2, "amount": 500}]
BEST = {"key": "first", "kind": "first_purchase", "settings": {"percent": "15"}, "exclusive": "best"}


def nth(number):
    return {"all": [{"field": "nth_purchase", "op": "=", "value": number}]}


def best_of_two(session):
    """15% of the first purchase, or 10% that rise to 20% with the third friend, whichever is more."""
    publish(session, **BEST)
    publish(session, **WHOLE, exclusive="best", now=money.LIVE + timedelta(seconds=1))


def test_a_bonus_passes_on_when_what_brought_it_is_refunded_after_its_friend_came_to_count_earlier():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        buy(session, friends[1], event_id="late", at=NOON, now=NOON + 9 * DAY)
        assert kept(session) == {"evt_2": 500}
        refund(session, of="evt_2", at=NOON + 10 * DAY)
        assert kept(session) in ({"evt_1": 500}, {"late": 500})


def test_a_bonus_passes_on_when_the_friend_who_brought_it_by_something_later_goes():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        buy(session, friends[1], event_id="late", at=NOON, now=NOON + 9 * DAY)
        change(session, friends[1], None)
        assert kept(session) in ({"evt_1": 500}, {"evt_3": 500})


def test_the_bonuses_of_the_first_two_end_as_that_of_the_one_who_is_left():
    with write_transaction() as session:
        settings = {"steps": FIRST_AND_SECOND, "currency": "USD"}
        publish(session, **{**BONUS, "settings": settings})
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        assert kept(session) == {"evt_1": 100, "evt_2": 500}
        refund(session, of="evt_1", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_2": 100}


@pytest.mark.parametrize(("number", "ends_with"), [(1, 500), (2, 500)])
def test_a_late_purchase_changes_by_which_of_theirs_friends_count(number, ends_with):
    with write_transaction() as session:
        publish(session, **BONUS, when=nth(number))
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        for one, friend in enumerate(friends[:2]):
            buy(session, friend, event_id=f"late_{one}", at=NOON, now=NOON + 9 * DAY)
        assert sum(kept(session).values()) == ends_with


def test_a_share_begins_at_its_step_when_a_late_purchase_lets_a_friend_count():
    with write_transaction() as session:
        publish(session, **TIERS, when=nth(2))
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        assert kept(session) == {}
        for one, friend in enumerate(friends[:3]):
            buy(session, friend, "100.00 USD", event_id=f"late_{one}", at=NOON, now=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000, "evt_3": 2000}


def test_what_paid_before_in_a_group_pays_again_and_ends_with_all_of_its_corrections():
    with write_transaction() as session:
        best_of_two(session)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000}
        refund(session, of="evt_3", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1500, "evt_2": 1500}
        buy(session, friends[0], "100.00 USD", event_id="late", at=NOON, now=NOON + 10 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1500, "late": 1500}


def test_what_was_held_when_it_ended_is_held_when_it_comes_back():
    with write_transaction() as session:
        best_of_two(session)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        for reward_id in session.scalars(select(Reward.id)).all():
            send(session, reward_id, "held")
        buy(session, friends[2], "100.00 USD", event_id="evt_3", at=NOON + 3 * DAY)
        refund(session, of="evt_3", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1500, "evt_2": 1500}
        assert {row[2] for row in money.rewards(session)} == {"reversed", "held"}


def test_all_that_a_friend_did_moves_before_it_is_decided_again():
    with write_transaction() as session:
        publish(session, **WHOLE)
        _ada, friends = friends_of_ada(session)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        assert link_of(session, eve)
        for friend in friends[:2]:
            change(session, friend, eve)
        purchases(session, friends[:3])
        buy(session, friends[2], "50.00 USD", event_id="again", at=NOON + 4 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000, "evt_3": 1000, "again": 500}
        # The third friend of Eve raises all, the second purchase too.
        change(session, friends[2], eve, now=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000, "again": 1000}
