"""Conditions of rules: what they make of an event, of one that arrives late, and of a refund."""

from itertools import permutations

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON, join, link_of
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.sentences import plain
from webapp.extensions import db
from webapp.models import Conversion, RewardDecision
from webapp.queries.conversions import decisions_of, decisions_of_many
from webapp.queries.ledger import breaches
from webapp.services.signups import CameBy

FIFTY = {"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}
PRO = {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]}


def nth(op, value):
    return {"all": [{"field": "nth_purchase", "op": op, "value": value}]}


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


@pytest.mark.parametrize(
    ("amount", "details", "code"),
    [
        pytest.param("50.00 USD", {"plan": "pro"}, "earned", id="both hold"),
        pytest.param("49.99 USD", {"plan": "pro"}, "condition_false", id="too little"),
        pytest.param("50.00 EUR", {"plan": "pro"}, "currency_differs", id="another currency"),
        pytest.param("50.00 USD", {"plan": "free"}, "condition_false", id="another plan"),
        pytest.param("50.00 USD", {"plan": None}, "value_missing", id="no plan"),
        pytest.param("50.00 USD", None, "value_missing", id="no details at all"),
        pytest.param(None, {"plan": "pro"}, "value_missing", id="no amount"),
    ],
)
def test_a_rule_pays_when_its_conditions_hold(amount, details, code):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, when={"all": [FIFTY, PRO]})
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, amount, details=details)
        (decided,) = decisions_of(session, recorded.conversion_id)
        assert (decided.code, len(recorded.rewards)) == (code, 1 if code == "earned" else 0)


def test_a_decision_keeps_no_text_that_its_rule_does_not_name():
    with write_transaction() as session:
        publish(session, when={"any": [PRO, {**PRO, "value": ["solo"]}]})
        publish(session, **TEN_DOLLARS)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, details={"plan": "bob@example.org", "note": "For Bob", "seats": 3})
        rows = session.scalars(select(RewardDecision).where(RewardDecision.side.is_not(None))).all()
        assert [row.facts.get("details") for row in rows] == [{"plan": ""}, None]
        assert all("ob" not in f"{row.facts} {row.because}" for row in rows)


def test_a_reason_is_said_and_kept():
    with write_transaction() as session:
        publish(session, when={"all": [PRO]})
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, details={"plan": "free"})
        (decided,) = decisions_of(session, recorded.conversion_id)
        assert plain(decided.because[0]) == "metadata.plan must be one of pro, team, and was something else."


# What is kept of 20% of 1.00, 2.00 and 3.00 dollars, in whichever order they arrive.
@pytest.mark.parametrize(
    ("when", "kept"),
    [
        pytest.param(nth("=", 2), {"evt_2": 40}, id="only the second"),
        pytest.param(nth(">=", 2), {"evt_2": 40, "evt_3": 60}, id="from the second on"),
        pytest.param(nth("<", 3), {"evt_1": 20, "evt_2": 40}, id="the first two"),
    ],
)
def test_late_events_end_where_they_would_have_ended_in_order(when, kept):
    purchases = [(f"evt_{day}", f"{day}.00 USD", NOON + day * DAY) for day in (1, 2, 3)]
    with write_transaction() as session:
        publish(session, when=when)
        ada, _bob = ada_and_bob(session)
        for number, order in enumerate(permutations(purchases)):
            friend, _ = join(session, CameBy(typed=link_of(session, ada)), email=f"friend{number}@example.org")
            before = -money.accounts(session, ada).get("expense", 0)
            for name, amount, at in order:
                buy(session, friend, amount, event_id=f"{number} {name}", at=at, now=NOON + 9 * DAY)
            earned = -money.accounts(session, ada).get("expense", 0) - before
            assert earned == sum(kept.values()), [name for name, *_ in order]


def second_only(session):
    """Bob's second purchase pays ten dollars. He buys on the second and third day; the first arrives late."""
    publish(session, **TEN_DOLLARS, when=nth("=", 2))
    ada, bob = ada_and_bob(session)
    second = buy(session, bob, event_id="evt_2", at=NOON + DAY)
    third = buy(session, bob, event_id="evt_3", at=NOON + 2 * DAY)
    return ada, bob, second, third


def first_arrives(session, bob):
    return buy(session, bob, event_id="evt_1", at=NOON, now=NOON + 5 * DAY)


def test_what_counts_only_since_an_event_arrived_late_is_granted_then():
    with write_transaction() as session:
        ada, bob, second, third = second_only(session)
        assert (len(second.rewards), len(third.rewards)) == (0, 1)
        first_arrives(session, bob)
        (decided,) = decisions_of(session, second.conversion_id)
        assert (decided.code, decided.facts.nth_purchase, str(decided.amount)) == ("earned", 2, "10.00 USD")
        (decided,) = decisions_of(session, third.conversion_id)
        assert (decided.code, decided.facts.nth_purchase) == ("condition_false", 3)
        assert money.history(session, third.rewards[0].id)[-1] == ("reversed", "condition_false", 1000)
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}


@pytest.mark.parametrize(("amount", "status"), [("20.00 USD", "pending"), (None, "reversed")])
def test_what_is_granted_later_is_brought_to_what_refunds_have_left(amount, status):
    with write_transaction() as session:
        publish(session, when=nth("=", 2))
        _ada, bob = ada_and_bob(session)
        second = buy(session, bob, event_id="evt_2", at=NOON + DAY)
        refund(session, amount, of="evt_2", at=NOON + 2 * DAY)
        first_arrives(session, bob)
        (reward,) = session.scalars(select(money.Reward).where(money.Reward.conversion_id == second.conversion_id))
        assert reward.status == status
        # 20% of 49.99 dollars, and as many parts of it as of the purchase.
        assert money.history(session, reward.id) == [
            ("pending", "granted", 0),
            (status, "refunded", 400 if amount else 1000),
        ]


def test_a_reward_that_was_taken_back_is_not_given_again():
    odd = {"any": [*nth("=", 1)["all"], *nth("=", 3)["all"]]}
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, when=odd)
        _ada, bob = ada_and_bob(session)
        last = buy(session, bob, event_id="evt_9", at=NOON + 9 * DAY)
        codes = []
        for day in (8, 7, 6):
            buy(session, bob, event_id=f"evt_{day}", at=NOON + day * DAY, now=NOON + 10 * DAY)
            (decided,) = decisions_of(session, last.conversion_id)
            codes.append((decided.code, decided.facts.nth_purchase))
        assert codes == [("condition_false", 2), ("rewarded_before", 3), ("condition_false", 4)]
        assert money.history(session, last.rewards[0].id)[1:] == [("reversed", "condition_false", 1000)]


def test_a_fixed_reward_goes_whole_when_what_is_left_falls_below_its_condition():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, when={"all": [FIFTY]})
        publish(session, key="share", when={"all": [FIFTY]})
        publish(session, **{**TEN_DOLLARS, "key": "plan"}, when={"all": [PRO]})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "60.00 USD", details={"plan": "pro"})
        stays = refund(session, "10.00 USD", event_id="ref_1")
        assert {one.rule_key for one in stays.taken_back} == {"share"}
        falls = refund(session, "0.01 USD", event_id="ref_2")
        # A percentage loses its share, and nothing of 0.01 dollars; what asks for no amount stays.
        assert [(one.rule_key, str(one.amount)) for one in falls.taken_back] == [("ten-dollars", "10.00 USD")]
        assert sorted(falls.kept) == ["plan", "share"]


def test_a_frozen_reward_that_falls_below_its_condition_is_clawed_back():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, when={"all": [FIFTY]})
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "50.00 USD").rewards
        send(session, reward.id, "approved", "in_payout")
        (taken,) = refund(session, "0.01 USD").taken_back
        assert (taken.taken_as, str(taken.amount)) == ("clawback", "10.00 USD")


def test_an_earlier_signup_that_counts_for_nothing_ends_nothing():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, trigger="signup", when=nth("=", 1))
        ada, bob = ada_and_bob(session)
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        (decided,) = buy(session, bob, None, type="signup", at=NOON - 150 * DAY, now=NOON).decisions
        assert decided.code == "already_signed_up"
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
