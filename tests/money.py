"""Rules, purchases, refunds and what came of them, for tests. Made by the services."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import NOON, join, link_of, person, program
from webapp.domain.money import Money
from webapp.domain.rules import RuleDefinition, read_rule
from webapp.ids import new_id
from webapp.models import Program, Reward, RewardEvent, User
from webapp.queries.rewards import balances_of
from webapp.services.conversions import Event, Recorded, record_conversion
from webapp.services.disputes import Decided, OutcomeReport, record_outcome
from webapp.services.refunds import Refunded, RefundReport, record_refund
from webapp.services.reward_steps import SYSTEM, Actor
from webapp.services.rewards import change_status
from webapp.services.rules import Publication, publish_rules
from webapp.services.signups import CameBy

DAY = timedelta(days=1)
# When rules become live, and when Bob signs up, unless a test says otherwise: long before NOON, when he buys.
LIVE = NOON - 200 * DAY
JOINED = NOON - 100 * DAY

TWENTY_PERCENT: dict[str, Any] = {
    "key": "twenty-percent",
    "name": "20% of each purchase",
    "trigger": "purchase",
    "beneficiary": "referrer",
    "kind": "percent_of_purchase",
    "settings": {"percent": "20", "first_purchases": 12},
}
TEN_DOLLARS: dict[str, Any] = {
    "key": "ten-dollars",
    "name": "10 dollars for each purchase",
    "kind": "fixed_amount",
    "settings": {"amount": 1000, "currency": "USD"},
}


def another_program(session: Session) -> Program:
    """A second program, like the first."""
    copied = {column.name: getattr(program(session), column.name) for column in Program.__table__.columns}
    other = Program(**{**copied, "id": new_id(), "slug": "other"})
    session.add(other)
    session.flush()
    return other


def rule(**overrides: Any) -> RuleDefinition:
    """20% of each of the friend's purchases for the referrer, for as long as the program holds rewards."""
    return read_rule({**TWENTY_PERCENT, **overrides})


def publish(session: Session, *, now: datetime = LIVE, **overrides: Any) -> list[Publication]:
    """Publish one rule (see `rule`), live from `now`. The other rules stay."""
    return publish_rules(session, program(session), [rule(**overrides)], prune=False, note="", by=None, now=now)


def ada_and_bob(session: Session, *, now: datetime = JOINED) -> tuple[User, User]:
    """A referrer, and the friend who typed her code when he signed up."""
    ada = person(session, now=now)
    bob, _referral = join(session, CameBy(typed=link_of(session, ada)), now=now)
    return ada, bob


def buy(
    session: Session,
    user: User | None,
    amount: str | None = "49.99 USD",
    *,
    event_id: str = "evt_1",
    type: str = "purchase",
    order_id: str | None = None,
    details: dict[str, Any] | None = None,
    at: datetime = NOON,
    now: datetime | None = None,
    actor: Actor = SYSTEM,
) -> Recorded:
    """Something that a person (None for someone unknown) did, reported as it happened or later, at `now`."""
    event = Event(type, at, event_id, Money.parse(amount) if amount else None, order_id, details)
    return record_conversion(
        session, program(session).id, event, user_id=user.id if user else None, actor=actor, now=now or at
    )


def refund(
    session: Session,
    amount: str | None = None,
    *,
    of: str = "evt_1",
    order_id: str | None = None,
    event_id: str = "ref_1",
    at: datetime = NOON + DAY,
    actor: Actor = SYSTEM,
) -> Refunded:
    """A refund of the event `of`, or of an order when one is given; without an amount, of all that is left."""
    report = RefundReport(
        event_id,
        at,
        order_id=order_id,
        conversion_event_id=None if order_id else of,
        wanted_minor=Money.parse(amount).minor if amount else None,
    )
    return record_refund(session, program(session).id, report, actor=actor, now=at)


def dispute(
    session: Session,
    amount: str | None = None,
    *,
    of: str = "evt_1",
    order_id: str | None = None,
    event_id: str = "dsp_1",
    at: datetime = NOON + DAY,
    now: datetime | None = None,
    actor: Actor = SYSTEM,
) -> Refunded:
    """A dispute of the event `of`, or of an order when one is given; without an amount, of all of it."""
    report = RefundReport(
        event_id,
        at,
        order_id=order_id,
        conversion_event_id=None if order_id else of,
        wanted_minor=Money.parse(amount).minor if amount else None,
        kind="dispute",
    )
    return record_refund(session, program(session).id, report, actor=actor, now=now or at)


def decide(
    session: Session,
    outcome: Any = "won",
    *,
    of: str = "dsp_1",
    event_id: str = "out_1",
    at: datetime = NOON + 2 * DAY,
    now: datetime | None = None,
    actor: Actor = SYSTEM,
) -> Decided:
    """How the dispute `of` ended."""
    report = OutcomeReport(event_id, of, outcome, at)
    return record_outcome(session, program(session).id, report, actor=actor, now=now or at)


def send(session: Session, reward_id: UUID, *statuses: Any, now: datetime = NOON) -> None:
    """Take a reward through these statuses, one after the other."""
    for status in statuses:
        change_status(session, reward_id, status, reason="test", actor=SYSTEM, now=now)


def rewards(session: Session) -> list[tuple[str, str, str]]:
    """Return side, amount and status of every reward, in the order in which they were granted."""
    rows = session.execute(
        select(Reward.side, Reward.amount_minor, Reward.currency, Reward.status).order_by(Reward.granted_at, Reward.id)
    )
    return [(side, str(Money(minor, currency)), status) for side, minor, currency, status in rows]


def history(session: Session, reward_id: UUID) -> list[tuple[str, str, int]]:
    """Return status, reason and what was taken back of each event of a reward."""
    rows = session.execute(
        select(RewardEvent.status, RewardEvent.reason, RewardEvent.taken_minor)
        .where(RewardEvent.reward_id == reward_id)
        .order_by(RewardEvent.sequence)
    )
    return [(status, reason, taken) for status, reason, taken in rows]


def accounts(session: Session, user: User, currency: str = "USD") -> dict[str, int]:
    """Return what stands in a person's accounts, in minor units, those with nothing in them left out."""
    return {name: minor for name, minor in balances_of(session, user.id).get(currency, {}).items() if minor}
