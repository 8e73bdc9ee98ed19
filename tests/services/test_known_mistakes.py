"""Mistakes that other referral programs make with money: here each of them goes right."""

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, another_program, buy, decide, dispute, publish, refund, send
from tests.services.test_counted_rewards import BONUS, TIERS, WHOLE, friends_of_ada
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.rewards import StatusError
from webapp.extensions import db
from webapp.jobs.mature_rewards import mature_due_rewards
from webapp.models import Reward, User
from webapp.queries.ledger import breaches
from webapp.queries.people import find_person_id
from webapp.services.answers import Question, find_answer, keep_answer
from webapp.services.conversions import Event, EventTakenError, OrderTakenError, record_conversion
from webapp.services.refunds import RefundTakenError
from webapp.services.reward_steps import SYSTEM
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def test_a_small_refund_takes_its_share_and_not_the_whole_reward():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        buy(session, bob, "100.00 USD")
        refund(session, "1.00 USD")
        # 1% of the reward of 20.00 dollars.
        assert money.accounts(session, ada) == {"expense": -1980, "pending": 1980}


def test_a_refund_after_payment_is_owed_and_not_skipped():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "100.00 USD").rewards
        send(session, reward.id, "approved", "in_payout", "paid")
        refund(session, at=NOON + 400 * DAY)
        assert money.accounts(session, ada) == {"paid": 2000, "clawback": -2000}


def test_a_chargeback_that_follows_a_partial_refund_takes_the_rest_and_no_more():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        buy(session, bob, "100.00 USD")
        refund(session, "25.00 USD", event_id="ref_1")
        disputed = dispute(session, "100.00 USD", event_id="dispute_1")
        assert disputed.applied_minor == 7500
        assert money.accounts(session, ada) == {}


def test_a_dispute_is_handled_and_what_it_took_is_there_again_once_it_was_won():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "100.00 USD").rewards
        send(session, reward.id, "approved", "in_payout", "paid")
        dispute(session)
        assert money.accounts(session, ada) == {"paid": 2000, "clawback": -2000}
        decide(session)
        assert money.accounts(session, ada) == {"expense": -2000, "paid": 2000}


@pytest.mark.parametrize("later", [DAY, 8 * DAY, 400 * DAY], ids=["a day", "eight days", "more than a year"])
def test_the_same_event_is_known_however_long_ago_it_was(later):
    question = Question("conversion", "evt_1", "content")
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        refund(session, "20.00 USD")
        keep_answer(session, factories.program(session).id, question, "{}", NOON)
    with write_transaction() as session:
        with pytest.raises(EventTakenError):
            buy(session, bob, at=NOON + later)
        with pytest.raises(RefundTakenError):
            refund(session, at=NOON + later)
        assert find_answer(session, factories.program(session).id, question) == "{}"
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]


def test_the_same_order_twice_is_one_reward():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, event_id="evt_1", order_id="o_1")
        with pytest.raises(OrderTakenError):
            buy(session, bob, event_id="evt_2", order_id="o_1", at=NOON + DAY)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]


def test_a_friend_of_two_referrers_codes_pays_one_of_them():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        cara = factories.person(session, name="Cara Diaz")
        twin, referral = join(session, CameBy(typed=factories.link_of(session, cara)), email="bob+2@example.org")
        assert (referral, twin.referred_by) == (None, None)
        buy(session, bob, event_id="evt_1")
        buy(session, twin, event_id="evt_2")
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        assert money.accounts(session, cara) == {}


def test_the_same_names_in_two_programs_are_two_people_two_events_and_two_orders():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        other = another_program(session)
        for program in (factories.program(session), other):
            publish_rules(session, program, [money.rule()], prune=False, note="", by=None, now=money.LIVE)
        bob.external_id = "cus_1"
        session.flush()
        assert find_person_id(session, factories.program(session).id, external_id="cus_1") == bob.id
        assert find_person_id(session, other.id, external_id="cus_1") is None
        assert find_person_id(session, other.id, email=bob.email) is None
        assert find_person_id(session, other.id, person_id=bob.id) is None
        event = Event("purchase", NOON, "evt_1", Money.parse("49.99 USD"), "o_1")
        theirs = record_conversion(session, other.id, event, user_id=bob.id, actor=SYSTEM, now=NOON)
        assert [decided.code for decided in theirs.decisions] == ["not_referred"]
        buy(session, bob, event_id="evt_1", order_id="o_1")
        refund(session, "20.00 USD", order_id="o_1")
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


@pytest.mark.parametrize(
    ("amount", "earned"),
    [
        ("49.99 EUR", "10.00 EUR"),
        ("4999 JPY", "1000 JPY"),
        ("4.999 KWD", "1.000 KWD"),
        ("999999999999 JPY", "200000000000 JPY"),
    ],
)
def test_a_reward_has_the_currency_of_the_order_and_its_decimals(amount, earned):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, amount)
        assert money.rewards(session) == [("referrer", earned, "pending")]


@pytest.mark.parametrize(
    ("percent", "amount", "earned"),
    [
        # 14.5, 28.5 and 3.5 cents; with floats 50 × 0.29, 50 × 0.57 and 500 × 0.007 are a little less.
        ("29", "0.50 USD", "0.15 USD"),
        ("57", "0.50 USD", "0.29 USD"),
        ("0.7", "5.00 USD", "0.04 USD"),
    ],
)
def test_a_percentage_is_exact_to_the_half_cent(percent, amount, earned):
    with write_transaction() as session:
        publish(session, settings={"percent": percent})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, amount)
        assert money.rewards(session) == [("referrer", earned, "pending")]


def test_a_percentage_of_no_amount_pays_nothing():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        assert buy(session, bob, None).decisions[0].code == "amount_missing"
        assert money.accounts(session, ada) == {}


def test_a_percentage_is_never_compared_with_cents():
    with write_transaction() as session:
        publish(session, settings={"percent": "50"})
        publish(session, **{**TEN_DOLLARS, "settings": {"amount": 100, "currency": "USD"}})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "40.00 USD")
        assert sorted(money.rewards(session)) == [
            ("referrer", "1.00 USD", "pending"),
            ("referrer", "20.00 USD", "pending"),
        ]


@pytest.mark.parametrize(
    ("fixed", "amount", "paid"),
    [
        # 100 cents are not more than 50 percent, and 500 yen not more than 20 dollars.
        ("1.00 USD", "40.00 USD", "20.00 USD"),
        ("500 JPY", "40.00 USD", "20.00 USD"),
        ("30.00 USD", "40.00 USD", "30.00 USD"),
        # A share of no amount is nothing, however high the percentage.
        ("1.00 USD", None, "1.00 USD"),
    ],
)
def test_of_rules_of_which_one_pays_it_is_the_one_worth_most_as_money(fixed, amount, paid):
    worth = Money.parse(fixed)
    settings = {"amount": worth.minor, "currency": worth.currency}
    with write_transaction() as session:
        publish(session, **{**TEN_DOLLARS, "settings": settings}, exclusive="best")
        publish(session, settings={"percent": "50"}, exclusive="best")
        _ada, bob = ada_and_bob(session)
        buy(session, bob, amount)
        assert money.rewards(session) == [("referrer", paid, "pending")]


def test_a_friend_who_orders_often_is_one_friend():
    with write_transaction() as session:
        publish(session, **BONUS)
        _ada, friends = friends_of_ada(session, 2)
        for number in range(4):
            buy(session, friends[0], event_id=f"evt_{number}", order_id=f"o_{number}", at=NOON + number * DAY)
        with pytest.raises(OrderTakenError):
            buy(session, friends[1], event_id="evt_9", order_id="o_1", at=NOON + 9 * DAY)
        assert money.rewards(session) == []


def test_a_bonus_for_friends_who_were_refunded_after_it_was_paid_is_owed():
    with write_transaction() as session:
        publish(session, **BONUS, hold_days=0)
        ada, friends = friends_of_ada(session, 2)
        for number, friend in enumerate(friends):
            recorded = buy(session, friend, event_id=f"evt_{number}", at=NOON + number * DAY)
        send(session, recorded.rewards[0].id, "in_payout", "paid")
        refund(session, of="evt_0", at=NOON + 400 * DAY)
        assert money.accounts(session, ada) == {"paid": 500, "clawback": -500}


@pytest.mark.parametrize(
    ("amount", "earned"), [("4999 JPY", "500 JPY"), ("4.999 KWD", "0.500 KWD"), ("49.99 EUR", "5.00 EUR")]
)
def test_a_share_that_rises_has_the_currency_of_the_order_and_its_decimals(amount, earned):
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session, 1)
        assert [one.code for one in buy(session, friends[0], None, event_id="none").decisions] == ["amount_missing"]
        buy(session, friends[0], amount)
        assert money.rewards(session) == [("referrer", earned, "pending")]


def test_what_adds_to_a_held_reward_is_not_paid_by_time_alone():
    with write_transaction() as session:
        publish(session, **WHOLE)
        _ada, friends = friends_of_ada(session, 3)
        (first,) = buy(session, friends[0], "100.00 USD").rewards
        send(session, first.id, "held")
        for number in (1, 2):
            buy(session, friends[number], "100.00 USD", event_id=f"other_{number}", at=NOON + number * DAY)
    mature_due_rewards(NOON + 3650 * DAY)
    with write_transaction() as session:
        of_first = select(Reward.amount_minor, Reward.status).where(Reward.conversion_id == first.conversion_id)
        assert [tuple(row) for row in session.execute(of_first)] == [(1000, "held"), (1000, "held")]


def test_whoever_reports_an_order_does_not_choose_the_reward():
    details = {"reward": 99_999, "amount": 99_999, "percent": "100", "commission": 99_999, "hold_days": 0}
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "49.99 USD", details=details)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_rewards_do_not_go_away_with_a_person(who):
    with write_transaction() as session:
        publish(session)
        publish(session, key="friends", beneficiary="friend")
        people = dict(zip(("ada", "bob"), ada_and_bob(session), strict=True))
        buy(session, people["bob"])
        person_id = people[who].id
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.execute(delete(User).where(User.id == person_id))
    assert db.session.scalar(select(func.count()).select_from(Reward)) == 2


def test_time_alone_neither_pays_what_is_held_nor_keeps_it_from_being_rejected():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob).rewards
        send(session, reward.id, "held")
    assert mature_due_rewards(NOON + 3650 * DAY) == 0
    with write_transaction() as session:
        send(session, reward.id, "rejected", now=NOON + 3650 * DAY)
        assert money.accounts(session, session.get_one(User, ada.id)) == {}


@pytest.mark.parametrize("statuses", [[], ["held"], ["approved"]], ids=["pending", "held", "approved"])
def test_nothing_is_called_paid_that_was_in_no_payout(statuses):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob).rewards
        send(session, reward.id, *statuses)
        with pytest.raises(StatusError):
            send(session, reward.id, "paid")
        assert "paid" not in money.accounts(session, ada)
