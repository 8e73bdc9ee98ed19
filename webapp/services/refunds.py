"""Refunds and disputes: what they take back of the rewards of a conversion, also when they arrive before it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Insert, Text, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.refunds import Counted, Kind, WentBack, counted, won_from
from webapp.ids import new_id
from webapp.models import Conversion, DisputeOutcome, Model, Program, Referral, Refund
from webapp.queries.conversions import find_by_event, list_by_order
from webapp.queries.rules import rule_set
from webapp.services.limits import queue_for_counts
from webapp.services.queues import queue_for
from webapp.services.reward_steps import Actor
from webapp.services.rollups import count_refund
from webapp.services.rules import RULES
from webapp.services.settling import REASONS, Cause, Part, settle_rewards
from webapp.transactions import connection_of, note


class RefundTakenError(Exception):
    """The business has given this event id to another refund, or to another dispute, before."""


class AmbiguousOrderError(Exception):
    """The order has several conversions; only their event ids tell them apart."""


@dataclass(frozen=True, slots=True)
class RefundReport:
    """A refund or a dispute as the business tells it: of an order or of one event. `wanted_minor` None: all of it."""

    event_id: str
    occurred_at: datetime
    order_id: str | None = None
    conversion_event_id: str | None = None
    wanted_minor: int | None = None
    kind: Kind = "refund"


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund or a dispute did. `conversion_id` and `applied_minor` are None while it waits for its conversion.

    `currency` is the conversion's. `has_parts` is False for a conversion
    without an amount, which goes back as a whole or not at all. `kept` names
    the rules whose rewards stayed as they were. `is_won` says that a dispute
    was known to be won before it was told.
    """

    refund_id: UUID
    conversion_id: UUID | None
    conversion_event_id: str | None
    applied_minor: int | None
    currency: str | None
    taken_back: list[Part]
    kept: list[str]
    is_won: bool = False
    has_parts: bool = True


def record_refund(session: Session, program_id: UUID, report: RefundReport, *, actor: Actor, now: datetime) -> Refunded:
    """Record a refund or a dispute and take back what is no longer earned; without its conversion it waits.

    Raises RefundTakenError or AmbiguousOrderError, and then nothing was written.
    """
    # Not while somebody is banned: what adds to a reward would be neither held nor refused.
    queue_for(session, program_id, f"{report.kind}:{report.event_id}", name_of(report), beside=RULES)
    conversion = _conversion_of(session, program_id, report)
    won_at = _won_at(session, program_id, report) if report.kind == "dispute" else None
    refund_id = _insert(session, program_id, report, conversion, won_at, now=now)
    note(session, f"{report.kind}s_recorded")
    is_won = won_at is not None
    if conversion is None:
        return Refunded(refund_id, None, report.conversion_event_id, None, None, [], [], is_won)
    applied = recount(session, conversion)
    cause = Cause(refund_id, REASONS[report.kind], report.occurred_at)
    settled = settle_rewards(session, conversion, cause=cause, actor=actor, now=now)
    return Refunded(
        *(refund_id, conversion.id, conversion.event_id, applied, conversion.currency),
        *(settled.taken, settled.kept, is_won, bool(conversion.amount_minor)),
    )


def apply_waiting_refunds(
    session: Session, program_id: UUID, conversion_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Apply the refunds and disputes that arrived before their conversion, in the order in which they happened."""
    conversion = session.get_one(Conversion, conversion_id)
    waiting = session.execute(
        select(Refund.id, Refund.kind, Refund.occurred_at)
        .where(
            Refund.program_id == program_id,
            Refund.conversion_id.is_(None),
            # A name that the conversion does not have is NULL, which equals nothing.
            or_(
                Refund.conversion_event_id == bindparam("event_id", conversion.event_id, Text),
                Refund.order_id == bindparam("order_id", conversion.order_id, Text),
            ),
        )
        .order_by(Refund.occurred_at, Refund.event_id, Refund.kind)
        .with_for_update()
    ).all()
    for refund_id, kind, occurred_at in waiting:
        session.execute(
            update(Refund).where(Refund.id == refund_id).values(conversion_id=conversion.id, applied_minor=0)
        )
        recount(session, conversion)
        # One that was won meanwhile takes nothing, as if it had never been.
        cause = Cause(refund_id, REASONS[kind], occurred_at)
        settle_rewards(session, conversion, cause=cause, actor=actor, now=now)


# Built once, since every refund asks it.
_OF_CONVERSION = select(
    *(Refund.id, Refund.kind, Refund.event_id, Refund.occurred_at, Refund.wanted_minor, Refund.won_at),
    *(Refund.applied_minor, Refund.restored_minor),
).where(Refund.conversion_id == bindparam("conversion_id", type_=Refund.conversion_id.type))


def recount(session: Session, conversion: Conversion) -> int:
    """Write anew what each refund and dispute of a locked conversion counts for, and count the difference by day.

    Returns how much more of the conversion went back than before.
    """
    rows = session.execute(_OF_CONVERSION, {"conversion_id": conversion.id}).all()
    anew = counted(
        conversion.amount_minor,
        [WentBack(row.id, row.kind, row.event_id, row.occurred_at, row.wanted_minor, row.won_at) for row in rows],
    )
    more = 0
    for row in rows:
        was, now = Counted(row.applied_minor, row.restored_minor), anew[row.id]
        if was == now:
            continue
        more += (now.applied_minor - now.restored_minor) - (was.applied_minor - was.restored_minor)
        values = {"applied_minor": now.applied_minor, "restored_minor": now.restored_minor}
        session.execute(update(Refund).where(Refund.id == row.id).values(values))
        count_refund(session, conversion, now.applied_minor - was.applied_minor, row.occurred_at)
        if row.won_at is not None:
            # Money that came back is counted as less that went.
            count_refund(session, conversion, was.restored_minor - now.restored_minor, row.won_at)
    return more


def name_of(refund: RefundReport | Refund) -> str:
    """Return what a refund or a dispute queues for besides itself: what it is of, as the business named it."""
    return f"order:{refund.order_id}" if refund.order_id is not None else f"event:{refund.conversion_event_id}"


def _won_at(session: Session, program_id: UUID, report: RefundReport) -> datetime | None:
    """Return from when on a dispute is won whose outcome was told before."""
    decided_at = session.scalar(
        select(DisputeOutcome.occurred_at).where(
            DisputeOutcome.program_id == program_id,
            DisputeOutcome.dispute_event_id == report.event_id,
            DisputeOutcome.outcome == "won",
        )
    )
    return won_from(report.occurred_at, decided_at) if decided_at else None


def _conversion_of(session: Session, program_id: UUID, report: RefundReport) -> Conversion | None:
    if report.conversion_event_id is not None:
        conversion = find_by_event(session, program_id, report.conversion_event_id)
    else:
        found = list_by_order(session, program_id, report.order_id or "")
        if len(found) > 1:
            raise AmbiguousOrderError
        conversion = found[0] if found else None
    if conversion is not None:
        lock_for_counts(session, conversion)
    return conversion


def lock_for_counts(session: Session, conversion: Conversion) -> None:
    """Lock a conversion, and before that what friends count for its referrer, which a refund may change."""
    program = session.get_one(Program, conversion.program_id)
    rules = rule_set(session, program.id, program.rules_revision)
    referrers = session.scalars(select(Referral.referrer_id).where(Referral.id == conversion.referral_id)).all()
    queue_for_counts(session, program.id, rules, referrers)
    lock_conversions(session, {conversion.id})


def lock_conversions(session: Session, ids: Collection[UUID]) -> None:
    """Let refunds of each of these conversions, whatever they call it, be counted one after the other.

    Their keys stay free for rows that refer to them: a late conversion adds
    decisions, and would else wait here while it holds the reward.
    """
    if ids:
        wanted = select(Conversion).where(Conversion.id.in_(ids)).order_by(Conversion.id)
        # Read anew: whom they count for may have changed while this waited.
        session.execute(wanted.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def _insert(
    session: Session,
    program_id: UUID,
    report: RefundReport,
    conversion: Conversion | None,
    won_at: datetime | None,
    *,
    now: datetime,
) -> UUID:
    connection = connection_of(session)
    refund_id = new_id()
    written = connection.execute(
        _insertion(connection.dialect.name),
        {
            "id": refund_id,
            "program_id": program_id,
            "kind": report.kind,
            "event_id": report.event_id,
            "order_id": report.order_id,
            "conversion_event_id": report.conversion_event_id,
            "wanted_minor": report.wanted_minor,
            "conversion_id": conversion.id if conversion else None,
            # What it counts for is written when all are counted.
            "applied_minor": 0 if conversion else None,
            "won_at": won_at,
            "occurred_at": report.occurred_at,
            "recorded_at": now,
        },
    )
    if written.rowcount != 1:
        raise RefundTakenError
    return refund_id


@lru_cache
def _insertion(dialect_name: str) -> Insert:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    insertion = dialect.insert(Model.metadata.tables["refunds"]).on_conflict_do_nothing()
    # Whether it wrote is known by the count of rows, which is not kept for inserts unless asked for.
    kept: Insert = insertion.execution_options(preserve_rowcount=True)
    return kept
