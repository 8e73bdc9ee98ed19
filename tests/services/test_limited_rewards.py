"""Limits of rules: what is used of them, what they leave, and that nobody gets past them at the same moment."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from tests import factories, money
from tests.factories import NOON, join, link_of
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, Program, Reward, RewardRule, User
from webapp.queries.conversions import decisions_of, decisions_of_many
from webapp.queries.ledger import breaches
from webapp.services.signups import CameBy

ONCE = {"count": 1, "period": "lifetime"}
TWICE = {"count": 2, "period": "lifetime"}
FIFTEEN_DOLLARS = {"amount": 1500, "currency": "USD", "period": "lifetime"}
INSTANT = timedelta(microseconds=1)


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


def said(recorded):
    """Return code and amount of what the first rule said."""
    decided = recorded.decisions[0]
    return decided.code, str(decided.amount) if decided.amount else None


def friend_of(session, referrer, name):
    friend, _ = join(session, CameBy(typed=link_of(session, referrer)), email=f"{name}@example.org", now=money.JOINED)
    return friend


def test_a_limit_by_count_is_reached():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={"per_referrer": TWICE})
        _ada, bob = ada_and_bob(session)
        answers = [said(buy(session, bob, event_id=f"evt_{n}", at=NOON + n * DAY)) for n in range(3)]
    assert answers == [("earned", "10.00 USD"), ("earned", "10.00 USD"), ("limit_reached", None)]


def test_a_limit_by_amount_pays_what_is_left_of_it():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={"program": FIFTEEN_DOLLARS})
        _ada, bob = ada_and_bob(session)
        cut = [buy(session, bob, event_id=f"evt_{n}", at=NOON + n * DAY) for n in range(3)]
        assert [said(one) for one in cut] == [
            ("earned", "10.00 USD"),
            ("limit_cut", "5.00 USD"),
            ("limit_reached", None),
        ]
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending"), ("referrer", "5.00 USD", "pending")]
        (kept,) = decisions_of(session, cut[1].conversion_id)
        assert (kept.facts.used["program"].used, kept.facts.used["program"].window.since) == (1000, None)


def test_a_reward_in_another_currency_than_its_limit_is_not_paid():
    with write_transaction() as session:
        publish(session, limits={"program": FIFTEEN_DOLLARS})
        _ada, bob = ada_and_bob(session)
        assert said(buy(session, bob, "5.00 EUR")) == ("currency_differs", None)
        assert said(buy(session, bob, "5.00 USD", event_id="evt_2", at=NOON + DAY)) == ("earned", "1.00 USD")


def test_a_limit_of_each_referrer_counts_what_all_of_her_friends_did_and_nobody_elses():
    with write_transaction() as session:
        # The friend is rewarded, and the referrer counts.
        publish(session, **TEN_DOLLARS, beneficiary="friend", limits={"per_referrer": TWICE})
        ada, bob = ada_and_bob(session)
        cara = factories.person(session, now=money.JOINED)
        people = [bob, friend_of(session, ada, "eve"), friend_of(session, ada, "dan"), friend_of(session, cara, "fay")]
        answers = [said(buy(session, one, event_id=one.email))[0] for one in people]
    assert answers == ["earned", "earned", "limit_reached", "earned"]


def test_a_limit_of_the_program_counts_everybodys():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={"program": ONCE})
        _ada, bob = ada_and_bob(session)
        fay = friend_of(session, factories.person(session, now=money.JOINED), "fay")
        assert [said(buy(session, one, event_id=one.email))[0] for one in (bob, fay)] == ["earned", "limit_reached"]


def test_a_limit_is_of_the_rule_whatever_its_version_and_not_of_others():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS)
        publish(session, key="other")
        _ada, bob = ada_and_bob(session)
        buy(session, bob, at=NOON)
        publish(session, **TEN_DOLLARS, limits={"per_referrer": ONCE}, now=NOON + INSTANT)
        publish(session, key="other", limits={"per_referrer": TWICE}, now=NOON + INSTANT)
        recorded = buy(session, bob, event_id="evt_2", at=NOON + DAY)
        assert {one.rule_key: one.code for one in recorded.decisions} == {
            "ten-dollars": "limit_reached",
            "other": "earned",
        }
        # What happened before there was a limit is not judged by it, and counts all the same.
        assert said(buy(session, bob, event_id="evt_0", at=NOON - DAY, now=NOON + DAY))[0] == "earned"


@pytest.mark.parametrize(
    ("statuses", "is_free"),
    [
        pytest.param([], False, id="pending"),
        pytest.param(["held"], False, id="held"),
        pytest.param(["approved", "in_payout", "paid"], False, id="paid"),
        pytest.param(["held", "rejected"], True, id="rejected"),
    ],
)
def test_what_is_rejected_gives_the_room_back(statuses, is_free):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={"per_referrer": ONCE})
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob).rewards
        send(session, reward.id, *statuses)
        second = buy(session, bob, event_id="evt_2", at=NOON + DAY)
        assert said(second)[0] == ("earned" if is_free else "limit_reached")


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(
    ("limit", "refunded", "answer"),
    [
        pytest.param(ONCE, "20.00 USD", ("limit_reached", None), id="of a part that leaves the count"),
        pytest.param(ONCE, "49.98 USD", ("earned", "10.00 USD"), id="of so much that nothing of the reward is kept"),
        pytest.param(ONCE, None, ("earned", "10.00 USD"), id="of all"),
        pytest.param(FIFTEEN_DOLLARS, "20.00 USD", ("limit_cut", "9.00 USD"), id="of a part of the amount"),
        pytest.param(FIFTEEN_DOLLARS, None, ("earned", "10.00 USD"), id="of the whole amount"),
    ],
)
def test_a_refund_gives_back_what_it_takes(limit, refunded, answer, frozen):
    with write_transaction() as session:
        # 20% of 49.99 dollars; 4.00 of it go back with 20.00 of the purchase.
        publish(session, limits={"program": limit})
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob).rewards
        if frozen:
            send(session, reward.id, "approved", "in_payout", "paid")
        refund(session, refunded)
        assert said(buy(session, bob, event_id="evt_2", at=NOON + DAY)) == answer


@pytest.mark.parametrize(
    ("period", "first", "second"),
    [
        pytest.param("day", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC), id="day"),
        pytest.param("week", datetime(2026, 11, 15, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC), id="week"),
        pytest.param(
            "month", datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC), id="month"
        ),
        pytest.param("year", datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC), id="year"),
    ],
)
def test_a_period_is_one_of_the_programs_time_zone_and_of_the_moment_of_the_event(period, first, second):
    """From `first` until before `second` is one period in Berlin."""
    with write_transaction() as session:
        session.execute(update(Program).values(time_zone="Europe/Berlin"))
        publish(session, **TEN_DOLLARS, limits={"per_referrer": {"count": 1, "period": period}}, now=first - 9 * DAY)
        _ada, bob = ada_and_bob(session, now=first - 8 * DAY)
        moments = [second - INSTANT, first, second, first - INSTANT]
        # All arrive at the end: what counts is when they happened.
        answers = [
            said(buy(session, bob, event_id=f"evt_{n}", at=at, now=second + 300 * DAY))[0]
            for n, at in enumerate(moments)
        ]
    assert answers == ["earned", "limit_reached", "earned", "earned"]


def test_what_a_limit_refused_stays_so_when_room_comes_free():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={"per_referrer": ONCE})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, at=NOON)
        refused = buy(session, bob, event_id="evt_2", at=NOON + DAY)
        refund(session, of="evt_1")
        # A late one counts it anew, and does not open the question again.
        assert said(buy(session, bob, event_id="evt_0", at=NOON - DAY, now=NOON + 2 * DAY))[0] == "earned"
        (decided,) = decisions_of(session, refused.conversion_id)
        assert (decided.code, decided.facts.nth_purchase, decided.facts.used["per_referrer"].used) == (
            *("limit_reached", 3, 1),
        )


def test_what_a_late_event_ends_gives_it_the_room():
    second = {"all": [{"field": "nth_purchase", "op": "=", "value": 2}]}
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, when=second, limits={"per_referrer": ONCE})
        ada, bob = ada_and_bob(session)
        buy(session, bob, event_id="evt_1", at=NOON)
        third = buy(session, bob, event_id="evt_3", at=NOON + 2 * DAY)
        assert said(third)[0] == "earned"
        assert said(buy(session, bob, event_id="evt_2", at=NOON + DAY, now=NOON + 3 * DAY))[0] == "earned"
        # And what counts only now meets the limit now.
        buy(session, bob, event_id="evt_0", at=NOON - DAY, now=NOON + 3 * DAY)
        assert [one.status for one in session.scalars(select(Reward).order_by(Reward.granted_at, Reward.id))] == [
            *("reversed", "reversed", "pending"),
        ]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}


@pytest.mark.parametrize("scope", ["per_referrer", "program"])
@pytest.mark.parametrize(
    ("limit", "paid"),
    [
        pytest.param({"count": 4, "period": "month"}, [1000] * 4, id="count"),
        pytest.param({"amount": 4500, "currency": "USD", "period": "month"}, [500, *[1000] * 4], id="amount"),
    ],
)
def test_thirty_at_once_get_no_more_than_a_limit(in_app, scope, limit, paid):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, limits={scope: limit})
        # Two rules with limits, so that there are names to be taken in an order.
        publish(session, key="share", limits={"program": {"count": 3, "period": "day"}})
        ada, bob = ada_and_bob(session)
        friends = [bob.id, *(friend_of(session, ada, f"friend{number}").id for number in range(9))]
    db.session.rollback()

    def purchase(number):
        def record():
            with write_transaction() as session:
                friend = session.get_one(User, friends[number % len(friends)])
                # Some arrive late, and count others anew.
                at = NOON - (number % 7) * timedelta(minutes=1)
                buy(session, friend, event_id=f"evt_{number}", at=at, now=NOON)

        return record

    assert at_once(in_app, [purchase(number) for number in range(30)]) == [None] * 30
    rewards = db.session.execute(
        select(RewardRule.key, Reward.amount_minor).join(RewardRule, RewardRule.id == Reward.rule_id)
    ).all()
    assert sorted(minor for key, minor in rewards if key == "ten-dollars") == paid
    assert sorted(minor for key, minor in rewards if key == "share") == [1000] * 3


def test_an_event_without_limits_asks_nothing_more(in_app):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        plain = statements(session, lambda: buy(session, bob, event_id="evt_2", at=NOON + DAY))
        publish(session, key="renewal", trigger="renewal", limits={"program": ONCE}, now=NOON + DAY)
        buy(session, bob, event_id="evt_3", at=NOON + 2 * DAY)
        other = statements(session, lambda: buy(session, bob, event_id="evt_4", at=NOON + 3 * DAY))
        publish(session, limits={"program": TWICE}, now=NOON + 4 * DAY)
        buy(session, bob, event_id="evt_5", at=NOON + 5 * DAY)
        limited = statements(session, lambda: buy(session, bob, event_id="evt_6", at=NOON + 6 * DAY))
    assert not any("limit" in text or "NOT IN" in text for text in plain)
    assert len(other) == len(plain)
    assert any("reward_events.taken_minor" in text for text in limited)


def statements(session, call):
    """Return the statements of a call."""
    texts = []

    def note(_connection, _cursor, statement, *_rest):
        texts.append(statement)

    event.listen(session.connection(), "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(session.connection(), "before_cursor_execute", note)
    return texts
