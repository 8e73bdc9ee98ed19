"""How disputes end: one that was won gives back what it had taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.refunds import won_from
from webapp.ids import new_id
from webapp.models import Conversion, DisputeOutcome, Refund
from webapp.services.queues import queue_for
from webapp.services.refunds import lock_for_counts, name_of, recount
from webapp.services.reward_steps import Actor
from webapp.services.rules import RULES
from webapp.services.settling import Cause, Part, settle_rewards
from webapp.transactions import note

Outcome = Literal["won", "lost"]


class OutcomeTakenError(Exception):
    """The business has given this event id to another outcome before."""


class DisputeDecidedError(Exception):
    """How this dispute ended was told before."""


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """How a dispute ended, as the business tells it."""

    event_id: str
    dispute_event_id: str
    outcome: Outcome
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """What an outcome did. `restored_minor` is what came back, None while the dispute or its conversion is awaited.

    `kept` names the rules whose rewards stayed as they were. `has_parts` is False for a conversion without an amount.
    """

    outcome_id: UUID
    dispute_known: bool
    conversion_event_id: str | None
    restored_minor: int | None
    currency: str | None
    given_back: list[Part]
    kept: list[str]
    has_parts: bool = True


def record_outcome(
    session: Session, program_id: UUID, report: OutcomeReport, *, actor: Actor, now: datetime
) -> Decided:
    """Record how a dispute ended, and give back what a won one had taken; without its dispute it waits.

    Raises OutcomeTakenError or DisputeDecidedError, and then nothing was written.
    """
    dispute = _queue_and_find(session, program_id, report)
    _refuse_another(session, program_id, report)
    outcome_id = new_id()
    session.add(
        DisputeOutcome(
            id=outcome_id,
            program_id=program_id,
            event_id=report.event_id,
            dispute_event_id=report.dispute_event_id,
            outcome=report.outcome,
            occurred_at=report.occurred_at,
            recorded_at=now,
        )
    )
    session.flush()
    note(session, "dispute_outcomes_recorded", outcome=report.outcome)
    if dispute is None:
        return Decided(outcome_id, False, None, None, None, [], [])
    conversion = session.get_one(Conversion, dispute.conversion_id) if dispute.conversion_id else None
    if conversion is not None:
        lock_for_counts(session, conversion)
    if report.outcome == "won":
        dispute.won_at = won_from(dispute.occurred_at, report.occurred_at)
        session.flush()
    if conversion is None:
        return Decided(outcome_id, True, dispute.conversion_event_id, None, None, [], [])
    about = (outcome_id, True, conversion.event_id)
    if report.outcome == "lost":
        return Decided(*about, 0, conversion.currency, [], [])
    restored = -recount(session, conversion)
    cause = Cause(dispute.id, "dispute_won", dispute.won_at or report.occurred_at)
    settled = settle_rewards(session, conversion, cause=cause, actor=actor, now=now)
    return Decided(*about, restored, conversion.currency, settled.given, settled.kept, bool(conversion.amount_minor))


def _queue_and_find(session: Session, program_id: UUID, report: OutcomeReport) -> Refund | None:
    """Let nothing else happen to the dispute meanwhile, nor its conversion arrive, and return it if it is known."""
    names = [f"dispute_outcome:{report.event_id}", f"dispute:{report.dispute_event_id}"]
    # Looked at before, so that all names are taken at once; one that arrives in between is waited for alone.
    if known := _find(session, program_id, report.dispute_event_id):
        names.append(name_of(known))
    # Nor somebody be banned, who would be paid what comes back.
    queue_for(session, program_id, *names, beside=RULES)
    if found := _find(session, program_id, report.dispute_event_id):
        queue_for(session, program_id, name_of(found))
        session.refresh(found)
    return found


def _find(session: Session, program_id: UUID, event_id: str) -> Refund | None:
    return session.scalars(
        select(Refund)
        .where(Refund.program_id == program_id, Refund.kind == "dispute", Refund.event_id == event_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _refuse_another(session: Session, program_id: UUID, report: OutcomeReport) -> None:
    outcome = DisputeOutcome
    same = or_(outcome.event_id == report.event_id, outcome.dispute_event_id == report.dispute_event_id)
    told = session.scalars(select(outcome.event_id).where(outcome.program_id == program_id, same)).all()
    if report.event_id in told:
        raise OutcomeTakenError
    if told:
        raise DisputeDecidedError
