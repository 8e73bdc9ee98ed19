"""Rewards that depend on how many friends count, and rules of which one pays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import money
from tests.factories import NOON, join, link_of, person
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, Reward, RewardEvent, RewardRule
from webapp.queries.conversions import decisions_of, decisions_of_many
from webapp.queries.ledger import breaches
from webapp.services.signups import CameBy

TIERS = {
    "key": "tiers",
    "kind": "tiered_percent",
    "settings": {"steps": [{"friends": 1, "percent": "10"}, {"friends": 3, "percent": "20"}]},
}
WHOLE = {**TIERS, "settings": {**TIERS["settings"], "whole_period": True}}
BONUS = {
    "key": "bonus",
    "kind": "milestone",
    "settings": {"steps": [{"friends": 2, "amount": 500}, {"friends": 4, "amount": 2000}], "currency": "USD"},
}


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it, and every decision comes out the same again."""
    yield
    session = db.session()
    assert list(breaches(session)) == []
    for decisions in decisions_of_many(session, session.scalars(select(Conversion.id)).all()).values():
        for decided in decisions:
            if decided.version:
                again = decided.version.definition.price(decided.facts)
                assert (again.code, getattr(again, "amount", None)) == (decided.code, decided.amount)


def friends_of_ada(session, count=6):
    """Ada, and friends of hers who bought nothing yet."""
    ada = person(session, now=money.JOINED)
    link = link_of(session, ada)
    return ada, [
        join(session, CameBy(typed=link), email=f"friend{number}@example.org", now=money.JOINED)[0]
        for number in range(1, count + 1)
    ]


def purchases(session, friends, amount="100.00 USD", first_day=0):
    """Each of them buys, one a day; events are evt_1 and so on, by friend."""
    for number, friend in enumerate(friends, 1):
        buy(session, friend, amount, event_id=f"evt_{number}", at=NOON + (first_day + number) * DAY)


def kept(session):
    """Return what is kept of the rewards of each event, whatever row it stands in, in minor units."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    rows = session.execute(
        select(Conversion.event_id, Reward.amount_minor - taken.scalar_subquery())
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(Reward.status != "rejected")
    )
    sums = {}
    for event_id, minor in rows:
        sums[event_id] = sums.get(event_id, 0) + minor
    return {event_id: minor for event_id, minor in sums.items() if minor}


def test_the_share_rises_with_the_friends_who_count():
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:4])
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000, "evt_3": 2000, "evt_4": 2000}
        # A friend counts once, however often they buy, and what they buy later stands at the step of its day.
        buy(session, friends[0], "100.00 USD", event_id="again", at=NOON + 9 * DAY)
        assert kept(session)["again"] == 2000


def test_a_refunded_friend_does_not_count_and_what_came_after_falls_by_new_rows():
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:4])
        refund(session, "50.00 USD", of="evt_1", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 500, "evt_2": 1000, "evt_3": 2000, "evt_4": 2000}
        refund(session, of="evt_1", event_id="rest", at=NOON + 10 * DAY)
        # Two count up to the third purchase, three up to the fourth.
        assert kept(session) == {"evt_2": 1000, "evt_3": 1000, "evt_4": 2000}
        assert {row[2] for row in money.rewards(session)} == {"pending", "reversed"}


def test_the_first_purchase_that_is_left_is_the_one_that_counts():
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        buy(session, friends[0], "100.00 USD", event_id="again", at=NOON + 9 * DAY)
        buy(session, friends[3], "100.00 USD", event_id="late", at=NOON + 10 * DAY)
        refund(session, of="evt_1", at=NOON + 11 * DAY)
        # The first friend counts by the second purchase now, so the third friend was the second to count.
        assert kept(session) == {"evt_2": 1000, "evt_3": 1000, "again": 2000, "late": 2000}


def test_a_purchase_that_is_reported_late_moves_those_after_it_up():
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        buy(session, friends[3], "100.00 USD", event_id="late", at=NOON, now=NOON + 9 * DAY)
        assert kept(session) == {"late": 1000, "evt_1": 1000, "evt_2": 2000, "evt_3": 2000}
        # What rises is a reward of its own: what was granted stays what it was.
        rows = session.execute(
            select(Reward.amount_minor, Reward.correction)
            .join(Conversion, Conversion.id == Reward.conversion_id)
            .where(Conversion.event_id == "evt_2")
            .order_by(Reward.correction)
        ).all()
        assert [tuple(row) for row in rows] == [(1000, 0), (1000, 1)]


def test_a_step_for_the_whole_period_raises_what_was_earned_before():
    with write_transaction() as session:
        publish(session, **WHOLE)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        buy(session, friends[0], "50.00 USD", event_id="again", at=NOON + 3 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000, "again": 500}
        buy(session, friends[2], "100.00 USD", event_id="third", at=NOON + 4 * DAY)
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "again": 1000, "third": 2000}
        refund(session, of="evt_2", at=NOON + 5 * DAY)
        assert kept(session) == {"evt_1": 1000, "again": 500, "third": 1000}


def test_a_step_that_is_reached_after_a_refund_leaves_the_books_whole_and_a_won_dispute_finds_its_reward():
    from_two = {**WHOLE, "settings": {"steps": [{"friends": 2, "percent": "10"}], "whole_period": True}}
    with write_transaction() as session:
        publish(session, **from_two)
        _ada, friends = friends_of_ada(session)
        buy(session, friends[0], "100.00 USD", event_id="disputed", at=NOON)
        money.dispute(session, of="disputed", at=NOON + timedelta(hours=1))
        purchases(session, friends[1:3])
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000}
        assert list(breaches(session)) == []
        money.decide(session, at=NOON + 5 * DAY)
        assert kept(session) == {"disputed": 1000, "evt_1": 1000, "evt_2": 1000}


def test_friends_are_counted_anew_each_month():
    monthly = {**WHOLE, "settings": {**WHOLE["settings"], "period": "month"}}
    with write_transaction() as session:
        publish(session, **monthly)
        _ada, friends = friends_of_ada(session)
        month = NOON.replace(day=1)
        following = (month + 40 * DAY).replace(day=1)
        for number, friend in enumerate(friends[:3], 1):
            buy(session, friend, "100.00 USD", event_id=f"evt_{number}", at=month + number * DAY)
        buy(session, friends[0], "100.00 USD", event_id="old", at=following)
        buy(session, friends[3], "100.00 USD", event_id="new", at=following + DAY)
        # None counts yet in the new month when the old friend buys; the first step is at one.
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000, "old": 1000, "new": 1000}


def test_a_correction_of_a_paid_reward_is_taken_back_as_what_it_is():
    with write_transaction() as session:
        publish(session, **WHOLE, hold_days=0)
        ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        for reward_id in session.scalars(select(Reward.id)).all():
            send(session, reward_id, "in_payout", "paid")
        refund(session, of="evt_3", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000}
        assert {row[2] for row in money.rewards(session)} == {"paid"}
        assert money.accounts(session, ada) == {"expense": -2000, "paid": 6000, "clawback": -4000}


def test_what_adds_to_a_held_reward_is_held_and_to_a_rejected_one_is_nothing():
    with write_transaction() as session:
        publish(session, **WHOLE)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        first, second = session.scalars(select(Reward.id).order_by(Reward.granted_at)).all()
        send(session, first, "held")
        send(session, second, "held", "rejected")
        buy(session, friends[2], "100.00 USD", event_id="third", at=NOON + 4 * DAY)
        statuses = sorted(row[1:] for row in money.rewards(session))
        assert statuses == [
            ("10.00 USD", "held"),
            ("10.00 USD", "held"),
            ("10.00 USD", "rejected"),
            ("20.00 USD", "pending"),
        ]


def test_what_adds_to_a_rejected_reward_falls_and_what_was_before_a_rejected_correction_stays():
    steps = [{"friends": 2, "percent": "10"}, {"friends": 3, "percent": "20"}]
    with write_transaction() as session:
        publish(session, **{**WHOLE, "settings": {"steps": steps, "whole_period": True}})
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        more = session.scalars(
            select(Reward.id)
            .join(Conversion, Conversion.id == Reward.conversion_id)
            .where(Conversion.event_id == "evt_1", Reward.correction == 1)
        ).one()
        send(session, more, "held", "rejected")
        refund(session, of="evt_3", event_id="ref_3", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000}
        # A refund of another cause takes its share of what is left, and not what the rejection had taken once more.
        refund(session, "10.00 USD", of="evt_1", event_id="part", at=NOON + 10 * DAY)
        assert kept(session) == {"evt_1": 900, "evt_2": 1000}
        refund(session, of="evt_2", event_id="ref_2", at=NOON + 11 * DAY)
        assert kept(session) == {}


def test_a_bonus_comes_with_the_friend_who_makes_the_number():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends)
        buy(session, friends[1], event_id="again", at=NOON + 20 * DAY)
        assert kept(session) == {"evt_2": 500, "evt_4": 2000}


def test_a_bonus_goes_with_the_number_and_comes_back_with_it():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:4])
        refund(session, of="evt_1", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_2": 500}
        buy(session, friends[4], event_id="fifth", at=NOON + 10 * DAY)
        assert kept(session) == {"evt_2": 500, "fifth": 2000}


def test_a_bonus_passes_to_another_friend_when_the_one_who_brought_it_goes():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        refund(session, of="evt_2", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_3": 500}
        refund(session, of="evt_1", event_id="ref_2", at=NOON + 9 * DAY)
        assert kept(session) == {}


def test_a_bonus_stays_with_its_friend_as_long_as_the_number_is_reached():
    with write_transaction() as session:
        publish(session, **BONUS, hold_days=0)
        ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        (bonus,) = session.scalars(select(Reward.id)).all()
        send(session, bonus, "in_payout", "paid")
        refund(session, of="evt_1", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_2": 500}
        assert money.accounts(session, ada) == {"expense": -500, "paid": 500}


def test_signups_count_too():
    with write_transaction() as session:
        publish(session, **BONUS, trigger="signup")
        friends_of_ada(session, 4)
        assert [row[1] for row in money.rewards(session)] == ["5.00 USD", "20.00 USD"]


def test_each_referrer_has_friends_of_their_own():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        theirs, _ = join(session, CameBy(typed=link_of(session, eve)), email="x@example.org", now=money.JOINED)
        buy(session, theirs, event_id="eve", at=NOON)
        purchases(session, friends[:1])
        assert kept(session) == {}


def test_conditions_say_who_counts():
    dear = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}
    with write_transaction() as session:
        publish(session, **BONUS, when=dear)
        _ada, friends = friends_of_ada(session)
        buy(session, friends[0], "49.99 USD", event_id="cheap", at=NOON)
        buy(session, friends[1], "50.00 USD", event_id="dear", at=NOON + DAY)
        assert kept(session) == {}
        buy(session, friends[2], "60.00 USD", event_id="dearer", at=NOON + 2 * DAY)
        assert kept(session) == {"dearer": 500}
        # What is left of it would not count either.
        refund(session, "0.01 USD", of="dear", at=NOON + 3 * DAY)
        assert kept(session) == {}


def test_a_correction_asks_for_the_room_that_is_left_of_a_limit():
    limits = {"per_referrer": {"amount": 5000, "currency": "USD", "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, **WHOLE, limits=limits)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        # 10 and 10, then 20 for the third, and of the 20 by which the two rise only 10 are left.
        assert sum(kept(session).values()) == 5000
        assert [row[1] for row in money.rewards(session)] == ["10.00 USD", "10.00 USD", "20.00 USD", "10.00 USD"]


def test_of_a_group_the_one_worth_most_pays_and_the_decision_of_the_other_says_so():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, exclusive="bonus")
        publish(session, exclusive="bonus", now=money.LIVE + timedelta(seconds=1))
        _ada, bob = ada_and_bob(session)
        dear = buy(session, bob, "60.00 USD")
        cheap = buy(session, bob, "40.00 USD", event_id="evt_2", at=NOON + DAY)
        assert kept(session) == {"evt_1": 1200, "evt_2": 1000}
        said = [[(one.rule_key, one.code) for one in decisions_of(session, of.conversion_id)] for of in (dear, cheap)]
        assert said == [
            [("ten-dollars", "exclusive"), ("twenty-percent", "earned")],
            [("ten-dollars", "earned"), ("twenty-percent", "exclusive")],
        ]
        # One worth the same: the older one.
        buy(session, bob, "50.00 USD", event_id="evt_3", at=NOON + 2 * DAY)
        (paying,) = session.scalars(
            select(RewardRule.key)
            .join(Reward, Reward.rule_id == RewardRule.id)
            .join(Conversion, Conversion.id == Reward.conversion_id)
            .where(Conversion.event_id == "evt_3")
        )
        assert paying == "ten-dollars"


def test_when_the_best_of_a_group_is_at_its_limit_the_next_pays():
    once = {"per_referrer": {"count": 1, "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, exclusive="bonus", limits=once)
        publish(session, exclusive="bonus", now=money.LIVE + timedelta(seconds=1))
        _ada, bob = ada_and_bob(session)
        for number in range(3):
            buy(session, bob, "40.00 USD", event_id=f"evt_{number}", at=NOON + number * DAY)
        assert kept(session) == {"evt_0": 1000, "evt_1": 800, "evt_2": 800}


def test_a_step_that_changes_which_rule_of_a_group_pays():
    with write_transaction() as session:
        publish(session, **{**TEN_DOLLARS, "settings": {"amount": 1500, "currency": "USD"}}, exclusive="bonus")
        publish(session, **WHOLE, exclusive="bonus", now=money.LIVE + timedelta(seconds=1))
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        assert kept(session) == {"evt_1": 1500, "evt_2": 1500}
        buy(session, friends[2], "100.00 USD", event_id="third", at=NOON + 4 * DAY)
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "third": 2000}
        assert {row[2] for row in money.rewards(session)} == {"pending", "reversed"}


def test_a_late_purchase_changes_which_rule_of_a_group_pays():
    first = {"all": [{"field": "nth_purchase", "op": "=", "value": 1}]}
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, exclusive="bonus", when=first)
        publish(session, exclusive="bonus", now=money.LIVE + timedelta(seconds=1))
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "40.00 USD", event_id="evt_2", at=NOON + DAY)
        assert kept(session) == {"evt_2": 1000}
        buy(session, bob, "40.00 USD", event_id="evt_1", at=NOON, now=NOON + 2 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 800}


def test_those_who_count_move_with_a_referral():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session)
        eve = person(session, email="eve@example.org", now=money.JOINED)
        purchases(session, friends[:3])
        assert kept(session) == {"evt_2": 500}
        change(session, friends[1], eve)
        assert kept(session) == {"evt_3": 500}
        change(session, friends[0], eve)
        # One is left to Ada, and two count for Eve.
        assert kept(session) == {"evt_1": 500}
        change(session, friends[0], None)
        assert kept(session) == {}
