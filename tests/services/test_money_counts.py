"""Revenue and refunds by day, and what rules granted and lost: as the money itself says, in whatever order it came."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.factories import NOON
from tests.money import DAY, LIVE, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from tests.rollups import assert_proven, counted
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import LinkRevenueDay, ProgramRevenueDay, Reward, RewardRule, RuleDay, User
from webapp.queries.rewards import rewards_of_conversion
from webapp.services.reward_steps import SYSTEM, lock_rewards
from webapp.services.rewards import take_back

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def counts_agree(in_app):
    yield
    assert_proven()


def revenue(session, table=ProgramRevenueDay):
    return counted(session, table.day, table.currency, table.revenue_minor)


def refunded(session, table=ProgramRevenueDay):
    return counted(session, table.day, table.currency, table.refunded_minor)


def granted(session):
    return counted(session, RuleDay.day, RuleDay.currency, RuleDay.rewards, RuleDay.granted_minor)


def withdrawn(session):
    return counted(session, RuleDay.day, RuleDay.currency, RuleDay.withdrawn_minor)


def test_what_friends_paid_counts_on_its_day_in_its_currency():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        for number, (amount, days) in enumerate([("49.99 USD", 0), ("10.00 USD", 0), ("500 JPY", 0), ("1.00 USD", -3)]):
            buy(session, bob, amount, event_id=f"evt_{number}", at=NOON + days * DAY, now=NOON)
        buy(session, bob, None, event_id="without an amount")
        buy(session, bob, "0.00 USD", event_id="for nothing", at=NOON + DAY)
        buy(session, bob, "7.00 USD", event_id="renewed", type="renewal")
        buy(session, ada, "7.00 USD", event_id="of nobody's friend")
        buy(session, None, "7.00 USD", event_id="of a stranger")
    expected = [(TODAY - 3 * DAY, "USD", 100), (TODAY, "JPY", 500), (TODAY, "USD", 5999)]
    assert revenue(session) == revenue(session, LinkRevenueDay) == expected
    whose = counted(session, LinkRevenueDay.link_id, LinkRevenueDay.referrer_id, LinkRevenueDay.revenue_minor)
    assert {row[:2] for row in whose} == {(factories.link_of(session, ada).id, ada.id)}


def test_refunds_count_on_their_own_day_in_parts_and_only_as_far_as_something_was_left():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "49.99 USD")
        for number, (amount, days) in enumerate([("9.99 USD", 1), ("10.00 USD", 1), ("99.00 USD", 40), (None, 41)]):
            refund(session, amount, event_id=f"ref_{number}", at=NOON + days * DAY)
    expected = [(TODAY + DAY, "USD", 1999), (TODAY + 40 * DAY, "USD", 3000)]
    assert refunded(session) == refunded(session, LinkRevenueDay) == expected
    assert revenue(session) == [(TODAY, "USD", 4999)]


def test_a_refund_that_waited_counts_on_the_day_on_which_it_happened_once_its_purchase_is_there():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        refund(session, "10.00 USD", at=NOON - DAY)
        assert refunded(session) == []
    with write_transaction() as session:
        buy(session, session.get_one(User, bob.id), "50.00 USD", now=NOON + 5 * DAY)
    assert refunded(session) == [(TODAY - DAY, "USD", 1000)]
    assert granted(session) == [(TODAY, "USD", 1, 1000)]
    assert withdrawn(session) == [(TODAY - DAY, "USD", 200)]


@pytest.mark.parametrize("what", ["of a stranger", "of nobody's friend", "a renewal", "without an amount"])
def test_what_is_no_revenue_is_no_refund_either(what):
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        user = {"of a stranger": None, "of nobody's friend": ada}.get(what, bob)
        amount = None if what == "without an amount" else "10.00 USD"
        buy(session, user, amount, type="renewal" if what == "a renewal" else "purchase")
        refund(session)
    assert revenue(session) == refunded(session) == []


def test_days_of_money_are_those_of_the_program_s_zone():
    evening = datetime(2026, 11, 23, 4, 59, tzinfo=UTC)
    with write_transaction() as session:
        factories.program(session).time_zone = "America/New_York"
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "10.00 USD", at=evening).rewards
        refund(session, "5.00 USD", at=evening + timedelta(minutes=1))
        send(session, reward.id, "held", "rejected", now=evening + DAY)
    assert revenue(session) == [(TODAY, "USD", 1000)]
    assert refunded(session) == [(TODAY + DAY, "USD", 500)]
    assert granted(session) == [(TODAY, "USD", 1, 200)]
    assert withdrawn(session) == [(TODAY + DAY, "USD", 200)]


def test_each_rule_counts_its_own_rewards_of_whatever_happened():
    with write_transaction() as session:
        publish(session)
        publish(session, **TEN_DOLLARS, beneficiary="friend")
        publish(session, **{**TEN_DOLLARS, "key": "renewed"}, trigger="renewal")
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "49.99 USD")
        buy(session, bob, "500 JPY", event_id="evt_2", at=NOON - DAY, now=NOON)
        buy(session, bob, None, event_id="evt_3", type="renewal")
    rows = session.execute(
        select(RewardRule.key, RuleDay.day, RuleDay.currency, RuleDay.rewards, RuleDay.granted_minor)
        .join(RewardRule, RewardRule.id == RuleDay.rule_id)
        .order_by(RewardRule.key, RuleDay.day)
    )
    assert [tuple(row) for row in rows] == [
        ("renewed", TODAY, "USD", 1, 1000),
        ("ten-dollars", TODAY - DAY, "USD", 1, 1000),
        ("ten-dollars", TODAY, "USD", 1, 1000),
        ("twenty-percent", TODAY - DAY, "JPY", 1, 100),
        ("twenty-percent", TODAY, "USD", 1, 1000),
    ]


def test_a_new_version_counts_for_the_same_rule():
    with write_transaction() as session:
        publish(session)
        publish(session, settings={"percent": "10", "first_purchases": 12}, now=LIVE + DAY)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "10.00 USD")
        buy(session, bob, "10.00 USD", event_id="evt_2")
    assert granted(session) == [(TODAY, "USD", 2, 200)]


@pytest.mark.parametrize("statuses", [[], ["approved"], ["held"], ["approved", "in_payout"]], ids=str)
def test_what_a_refund_takes_is_withdrawn_on_its_day_as_a_reversal_or_as_a_clawback(statuses):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "100.00 USD").rewards
        send(session, reward.id, *statuses)
        refund(session, "25.00 USD", at=NOON + DAY)
        refund(session, event_id="ref_2", at=NOON + 2 * DAY)
    assert granted(session) == [(TODAY, "USD", 1, 2000)]
    assert withdrawn(session) == [(TODAY + DAY, "USD", 500), (TODAY + 2 * DAY, "USD", 1500)]


def test_what_is_rejected_loses_what_was_left_of_it():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "100.00 USD").rewards
        refund(session, "25.00 USD", at=NOON + DAY)
        send(session, reward.id, "held", "rejected", now=NOON + 3 * DAY)
        # Nothing is left to take.
        refund(session, event_id="ref_2", at=NOON + 4 * DAY)
    assert withdrawn(session) == [(TODAY + DAY, "USD", 500), (TODAY + 3 * DAY, "USD", 1500)]


@pytest.mark.parametrize(("amount", "left"), [("25.00 USD", 1500), (None, 0)], ids=["a part", "all of it"])
def test_a_clawback_before_a_payout_that_failed_and_a_rejection_are_each_withdrawn_once(amount, left):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "100.00 USD").rewards
        send(session, reward.id, "approved", "in_payout")
        refund(session, amount, at=NOON + DAY)
        send(session, reward.id, "approved", "held", "rejected", now=NOON + 2 * DAY)
    expected = [(TODAY + DAY, "USD", 2000 - left), (TODAY + 2 * DAY, "USD", left)]
    assert withdrawn(session) == [row for row in expected if row[-1]]


def test_what_a_late_event_ends_is_withdrawn_when_it_arrives():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "100.00 USD")
        refund(session, "50.00 USD", at=NOON + DAY)
        buy(session, bob, "10.00 USD", event_id="late", at=NOON - 9 * DAY, now=NOON + 2 * DAY)
    assert granted(session) == [(TODAY - 9 * DAY, "USD", 1, 200), (TODAY, "USD", 1, 2000)]
    assert withdrawn(session) == [(TODAY + DAY, "USD", 1000), (TODAY + 2 * DAY, "USD", 1000)]


def test_what_somebody_takes_back_by_hand_is_withdrawn_then():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (row,) = buy(session, bob, "100.00 USD").rewards
        (reward,) = lock_rewards(session, [row.id])
        take_back(session, reward, 700, reason="asked", refund_id=None, actor=SYSTEM, now=NOON + 8 * DAY)
    assert withdrawn(session) == [(TODAY + 8 * DAY, "USD", 700)]


@pytest.mark.parametrize("statuses", [["held", "pending"], ["approved", "in_payout", "paid"]], ids=str)
def test_what_only_changes_its_status_is_granted_once_and_not_withdrawn(statuses):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob).rewards
        send(session, reward.id, *statuses, now=NOON + DAY)
    assert granted(session) == [(TODAY, "USD", 1, 1000)]
    assert withdrawn(session) == []


def test_purchases_and_refunds_at_once_are_all_counted(app):
    with write_transaction() as session:
        publish(session)
        publish(session, **TEN_DOLLARS)
        bob_id = ada_and_bob(session)[1].id
        for number in range(4):
            buy(session, session.get_one(User, bob_id), "10.00 USD", event_id=f"old_{number}")
    db.session.rollback()

    def purchase(number):
        with write_transaction() as session:
            recorded = buy(session, session.get_one(User, bob_id), "10.00 USD", event_id=f"evt_{number}")
            assert len(rewards_of_conversion(session, recorded.conversion_id)) == 2

    def give_back(number):
        with write_transaction() as session:
            refund(session, of=f"old_{number}", event_id=f"ref_{number}", at=NOON)

    calls = [lambda do=do, number=number: do(number) for number in range(4) for do in (purchase, give_back)]
    assert at_once(app, calls) == [None] * 8
    session = db.session()
    assert revenue(session) == [(TODAY, "USD", 8000)]
    assert refunded(session) == [(TODAY, "USD", 4000)]
    assert session.scalar(select(func.sum(RuleDay.rewards))) == session.scalar(select(func.count(Reward.id))) == 16
    assert session.scalar(select(func.sum(RuleDay.withdrawn_minor))) == 4 * 1200
