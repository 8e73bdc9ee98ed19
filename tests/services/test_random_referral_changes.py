"""Whatever happens between changes of a referral, all is in the end as if it had been so from the beginning."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.factories import NOON, join, link_of, person, program
from tests.money import DAY, JOINED, TEN_DOLLARS, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.models import Conversion, Refund, Reward, RewardEvent, User
from webapp.queries import ledger, rollups
from webapp.queries.bonds import count_changes
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.rewards import mature_rewards
from webapp.services.signups import CameBy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]

_numbers = itertools.count(1)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.sampled_from(["ada", "luca", None])),
        st.tuples(st.just("buy"), st.integers(1, 9_999)),
        st.tuples(st.just("late"), st.integers(1, 9_999)),
        st.tuples(st.just("refund"), st.integers(1, 5_000)),
        st.tuples(st.just("pay"), st.none()),
        st.tuples(st.just("mature"), st.none()),
    ),
    min_size=4,
    max_size=14,
)


@pytest.fixture(autouse=True)
def rules(in_app):
    with write_transaction() as session:
        publish(session, hold_days=5, settings={"percent": "15", "first_purchases": 3})
        publish(session, **{**TEN_DOLLARS, "key": "welcome", "trigger": "signup"}, hold_days=0)
        publish(session, **{**TEN_DOLLARS, "key": "friends", "beneficiary": "friend"}, hold_days=0)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whoever_is_credited_in_the_end_has_what_they_would_have_had_from_the_beginning(in_app, steps):
    number = next(_numbers)
    with write_transaction() as session:
        people = {name: person(session, name=name.title(), now=JOINED).id for name in ("ada", "luca")}
        came_by = CameBy(typed=link_of(session, session.get_one(User, people["ada"])))
        bob, _referral = join(session, came_by, email=f"bob{number}@example.org", now=JOINED)
        bob_id, credited = bob.id, "ada"
    bought = 0
    for turn, (what, value) in enumerate(steps):
        now = NOON + turn * DAY
        with write_transaction() as session:
            bob = session.get_one(User, bob_id)
            if what == "credit" and value != credited:
                link = link_of(session, session.get_one(User, people[value])) if value else None
                kind = "remove" if value is None else "assign" if credited is None else "move"
                wanted = Wanted(kind, link, count_changes(session, bob_id), "other", by=people["ada"])
                change_referral(session, program(session), bob, wanted, now=now)
                credited = value
            elif what in ("buy", "late"):
                bought += 1
                at = now if what == "buy" else now - timedelta(days=bought, hours=12)
                buy(session, bob, str(Money(value, "USD")), event_id=f"{number} {bought}", at=at, now=now)
            elif what == "refund" and bought:
                of = f"{number} {value % bought + 1}"
                refund(session, str(Money(value, "USD")), of=of, event_id=f"back {number} {turn}", at=now)
            elif what == "pay":
                ready = select(Reward.id).where(Reward.status == "approved", Reward.beneficiary_id.in_(people.values()))
                for reward_id in session.scalars(ready).all():
                    send(session, reward_id, "in_payout", "paid", now=now)
            elif what == "mature":
                mature_rewards(session, now)
    with write_transaction() as session:
        for name, person_id in people.items():
            assert kept_by(session, bob_id, person_id) == (expected(session, bob_id) if name == credited else 0)
    for proved in (ledger, rollups):
        assert list(proved.breaches(db.session())) == []
    db.session.rollback()


def kept_by(session, friend_id, beneficiary_id):
    """Return what somebody keeps of all that a friend did, in minor units."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    kept = (
        select(func.coalesce(func.sum(Reward.amount_minor - taken.correlate(Reward).scalar_subquery()), 0))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(Conversion.user_id == friend_id, Reward.beneficiary_id == beneficiary_id)
    )
    return int(session.scalar(kept))


def expected(session, friend_id):
    """Return what the rules give for what is on record: 10.00 for the signup, 15% of three purchases."""
    refunded = select(func.coalesce(func.sum(Refund.applied_minor), 0)).where(Refund.conversion_id == Conversion.id)
    rows = session.execute(
        select(Conversion.amount_minor, refunded.correlate(Conversion).scalar_subquery())
        .where(Conversion.user_id == friend_id, Conversion.type == "purchase")
        .order_by(Conversion.occurred_at, Conversion.event_id)
        .limit(3)
    ).all()
    total = 1000
    for amount, back in rows:
        granted = (amount * 15 + 50) // 100
        total += (2 * granted * (amount - back) + amount) // (2 * amount)
    return total
