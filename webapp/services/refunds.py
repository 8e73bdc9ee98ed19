"""Refunds: what they take back of the rewards of a conversion, also when they arrive before it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Insert, Text, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.refunds import refundable, still_earned
from webapp.domain.rewards import Taking
from webapp.ids import new_id
from webapp.models import Conversion, Model, Program, Referral, Refund, Reward
from webapp.queries.conversions import decisions_of, find_by_event, list_by_order, refunds_of
from webapp.queries.rules import Version, find_versions, rule_set
from webapp.services.friend_counts import count_again
from webapp.services.limits import queue_for_counts
from webapp.services.queues import queue_for
from webapp.services.redeciding import Terms
from webapp.services.rewards import Actor, Standing, lock_rewards, take_back
from webapp.services.rollups import count_refund
from webapp.transactions import connection_of, note


class RefundTakenError(Exception):
    """The business has given this event id to another refund before."""


class AmbiguousOrderError(Exception):
    """The order has several conversions; only their event ids tell them apart."""


@dataclass(frozen=True, slots=True)
class RefundReport:
    """A refund as the business tells it: of an order or of one event. `wanted_minor` None: all that is left."""

    event_id: str
    occurred_at: datetime
    order_id: str | None = None
    conversion_event_id: str | None = None
    wanted_minor: int | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a refund took of one reward."""

    reward_id: UUID
    rule_key: str
    amount: Money
    taken_as: Taking


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund did. `conversion_id` and `applied_minor` are None while it waits for its conversion.

    `currency` is the conversion's, None when it has no amount. `kept` names
    the rules whose rewards stayed as they were.
    """

    refund_id: UUID
    conversion_id: UUID | None
    conversion_event_id: str | None
    applied_minor: int | None
    currency: str | None
    taken_back: list[TakenBack]
    kept: list[str]


def record_refund(session: Session, program_id: UUID, report: RefundReport, *, actor: Actor, now: datetime) -> Refunded:
    """Record a refund and take back what is no longer earned; without its conversion it waits.

    Raises RefundTakenError or AmbiguousOrderError, and then nothing was written.
    """
    of = f"order:{report.order_id}" if report.order_id is not None else f"event:{report.conversion_event_id}"
    queue_for(session, program_id, f"refund:{report.event_id}", of)
    conversion = _conversion_of(session, program_id, report)
    applied = _refundable_of(session, conversion, report.wanted_minor) if conversion else None
    refund_id = _insert(session, program_id, report, conversion, applied, now=now)
    note(session, "refunds_recorded")
    if conversion is None or applied is None:
        return Refunded(refund_id, None, report.conversion_event_id, None, None, [], [])
    count_refund(session, conversion, applied, report.occurred_at)
    taken, kept = take_back_what_is_not_earned(session, conversion, refund_id, actor=actor, now=now)
    return Refunded(refund_id, conversion.id, conversion.event_id, applied, conversion.currency, taken, kept)


def apply_waiting_refunds(
    session: Session, program_id: UUID, conversion_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Apply the refunds that arrived before their conversion, in the order in which they happened."""
    conversion = session.get_one(Conversion, conversion_id)
    waiting = session.execute(
        select(Refund.id, Refund.wanted_minor, Refund.occurred_at)
        .where(
            Refund.program_id == program_id,
            Refund.conversion_id.is_(None),
            # A name that the conversion does not have is NULL, which equals nothing.
            or_(
                Refund.conversion_event_id == bindparam("event_id", conversion.event_id, Text),
                Refund.order_id == bindparam("order_id", conversion.order_id, Text),
            ),
        )
        .order_by(Refund.occurred_at, Refund.event_id)
        .with_for_update()
    ).all()
    for refund_id, wanted_minor, occurred_at in waiting:
        applied = _refundable_of(session, conversion, wanted_minor)
        session.execute(
            update(Refund).where(Refund.id == refund_id).values(conversion_id=conversion.id, applied_minor=applied)
        )
        count_refund(session, conversion, applied, occurred_at)
        take_back_what_is_not_earned(session, conversion, refund_id, actor=actor, now=now)


def _conversion_of(session: Session, program_id: UUID, report: RefundReport) -> Conversion | None:
    if report.conversion_event_id is not None:
        conversion = find_by_event(session, program_id, report.conversion_event_id)
    else:
        found = list_by_order(session, program_id, report.order_id or "")
        if len(found) > 1:
            raise AmbiguousOrderError
        conversion = found[0] if found else None
    if conversion is not None:
        program = session.get_one(Program, program_id)
        rules = rule_set(session, program.id, program.rules_revision)
        referrers = session.scalars(select(Referral.referrer_id).where(Referral.id == conversion.referral_id)).all()
        queue_for_counts(session, program_id, rules, referrers)
        lock_conversions(session, {conversion.id})
    return conversion


def lock_conversions(session: Session, ids: Collection[UUID]) -> None:
    """Let refunds of each of these conversions, whatever they call it, be counted one after the other.

    Their keys stay free for rows that refer to them: a late conversion adds
    decisions, and would else wait here while it holds the reward.
    """
    if ids:
        wanted = select(Conversion).where(Conversion.id.in_(ids)).order_by(Conversion.id)
        # Read anew: whom they count for may have changed while this waited.
        session.execute(wanted.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def _refundable_of(session: Session, conversion: Conversion, wanted_minor: int | None) -> int:
    refunded_minor, _count = refunds_of(session, conversion.id)
    return refundable(conversion.amount_minor, refunded_minor, wanted_minor)


def _insert(
    session: Session,
    program_id: UUID,
    report: RefundReport,
    conversion: Conversion | None,
    applied_minor: int | None,
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
            "event_id": report.event_id,
            "order_id": report.order_id,
            "conversion_event_id": report.conversion_event_id,
            "wanted_minor": report.wanted_minor,
            "conversion_id": conversion.id if conversion else None,
            "applied_minor": applied_minor,
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


def take_back_what_is_not_earned(
    session: Session, conversion: Conversion, refund_id: UUID, *, actor: Actor, now: datetime
) -> tuple[list[TakenBack], list[str]]:
    """Bring every reward of a conversion to what is still earned after all refunds so far, of which this is one."""
    refunded_minor, refunds = refunds_of(session, conversion.id)
    # Those of former referrers ended for good.
    hold = (Reward.conversion_id == conversion.id, Reward.ended_bond.is_(None))
    ids = session.scalars(select(Reward.id).where(*hold)).all()
    rewards = lock_rewards(session, ids)
    versions = find_versions(session, [reward.rule_version_id for reward in rewards])
    unmet = _unmet_by(session, conversion, versions, refunded_minor)
    taken, kept = [], []
    for reward in rewards:
        rule = versions[reward.rule_version_id].definition
        earned = still_earned(
            reward.amount.minor,
            proportional=rule.settings.proportional,
            amount_minor=conversion.amount_minor,
            refunded_minor=refunded_minor,
            refunds=refunds,
            is_met=reward.rule_version_id not in unmet,
        )
        missing = reward.kept_minor - earned
        if missing <= 0 or not _can_be_taken(reward):
            kept.append(rule.key)
            continue
        change = take_back(session, reward, missing, reason="refunded", refund_id=refund_id, actor=actor, now=now)
        amount = Money(missing, reward.amount.currency)
        taken.append(TakenBack(reward.id, rule.key, amount, change.taken_as or "reversal"))
    program = session.get_one(Program, conversion.program_id)
    rules = rule_set(session, program.id, program.rules_revision)
    count_again(session, Terms(program.id, program.time_zone, program.hold_days, actor, now), rules, conversion)
    return taken, kept


def _unmet_by(
    session: Session, conversion: Conversion, versions: Mapping[UUID, Version], refunded_minor: int
) -> set[UUID]:
    """Return the versions whose conditions do not hold any more of what refunds have left of the amount."""
    asking = {id_ for id_, version in versions.items() if (when := version.definition.when) and when.asks_for_amount}
    if not asking or not conversion.amount_minor:
        return set()
    left = conversion.amount_minor - refunded_minor
    return {
        decided.version.id
        for decided in decisions_of(session, conversion.id)
        if decided.version
        and decided.version.id in asking
        and not decided.version.definition.is_met_after_refunds(decided.facts, left)
    }


def _can_be_taken(reward: Standing) -> bool:
    return reward.status not in ("rejected", "reversed")
