"""One conversion with all that is stored about it: why it paid, why it did not, and what happened since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.money import Money
from webapp.models import (
    ApiKey,
    Conversion,
    DisputeOutcome,
    LedgerEntry,
    LedgerTransaction,
    RedemptionPart,
    Referral,
    Refund,
    RewardDecision,
    RewardEvent,
    RewardNote,
    User,
)
from webapp.queries.rewards import of_event


@dataclass(frozen=True, slots=True)
class ConversionFacts:
    """A conversion, who did it and who referred them. `person_id` is None for someone without an account."""

    id: UUID
    type: str
    event_id: str | None
    order_id: str | None
    amount: Money | None
    occurred_at: datetime
    recorded_at: datetime
    person_id: UUID | None
    person_name: str | None
    referrer_id: UUID | None
    referrer_name: str | None
    decided: int


@dataclass(frozen=True, slots=True)
class RewardDeed:
    """One event of a reward's history with who did it: a person's or a key's name, None for the system itself.

    `note` is what they wrote for other staff.
    """

    reward_id: UUID
    sequence: int
    status: str
    reason: str
    taken_minor: int
    taken_as: str | None
    actor: str
    actor_name: str | None
    at: datetime
    note: str | None
    redeemed_minor: int | None = None


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry of the ledger: a debit when it takes from an account, a credit when it adds to it."""

    transaction_id: UUID
    position: int
    reward_id: UUID
    account: str
    owner_name: str
    amount: Money
    at: datetime
    owner_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Money that went back to the friend, by a refund or a dispute; `applied` is what was counted of it.

    It is None where the conversion has no amount, so that it can only go back as a whole.

    `outcome` is how a dispute ended, None while that is not known, `outcome_at` when that counts, and `restored` what
    came back by it.
    """

    event_id: str
    applied: Money | None
    occurred_at: datetime
    kind: str = "refund"
    outcome: str | None = None
    outcome_event_id: str | None = None
    outcome_at: datetime | None = None
    restored: Money | None = None


def find_conversion(session: Session, program_id: UUID, conversion_id: UUID) -> ConversionFacts | None:
    """Return a conversion of the program; None when it has none with this id."""
    person, referrer = aliased(User), aliased(User)
    decided = select(func.count()).where(RewardDecision.conversion_id == Conversion.id).scalar_subquery()
    row = session.execute(
        select(
            Conversion.id,
            Conversion.type,
            Conversion.event_id,
            Conversion.order_id,
            Conversion.amount_minor,
            Conversion.currency,
            Conversion.occurred_at,
            Conversion.recorded_at,
            person.id.label("person_id"),
            person.name.label("person_name"),
            referrer.id.label("referrer_id"),
            referrer.name.label("referrer_name"),
            decided.label("decided"),
        )
        .outerjoin(person, person.id == Conversion.user_id)
        .outerjoin(Referral, Referral.id == Conversion.referral_id)
        .outerjoin(referrer, referrer.id == Referral.referrer_id)
        .where(Conversion.program_id == program_id, Conversion.id == conversion_id)
    ).one_or_none()
    if row is None:
        return None
    return ConversionFacts(
        id=row.id,
        type=row.type,
        event_id=row.event_id,
        order_id=row.order_id,
        amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        person_id=row.person_id,
        person_name=row.person_name,
        referrer_id=row.referrer_id,
        referrer_name=row.referrer_name,
        decided=row.decided,
    )


def deeds_of(session: Session, reward_ids: Sequence[UUID]) -> list[RewardDeed]:
    """Return what happened to these rewards and who did it, in the order of their histories."""
    if not reward_ids:
        return []
    noted = and_(RewardNote.reward_id == RewardEvent.reward_id, RewardNote.sequence == RewardEvent.sequence)
    rows = session.execute(
        select(
            RewardEvent.reward_id,
            RewardEvent.sequence,
            RewardEvent.status,
            RewardEvent.reason,
            RewardEvent.taken_minor,
            RewardEvent.taken_as,
            RewardEvent.actor,
            func.coalesce(User.name, ApiKey.name).label("actor_name"),
            RewardEvent.at,
            RewardNote.text.label("note"),
            RedemptionPart.amount_minor.label("redeemed_minor"),
        )
        .outerjoin(RedemptionPart, of_event(RedemptionPart))
        .outerjoin(User, and_(RewardEvent.actor == "person", User.id == RewardEvent.actor_id))
        .outerjoin(ApiKey, and_(RewardEvent.actor == "api", ApiKey.id == RewardEvent.actor_id))
        .outerjoin(RewardNote, noted)
        .where(RewardEvent.reward_id.in_(reward_ids))
        .order_by(RewardEvent.at, RewardEvent.reward_id, RewardEvent.sequence)
    )
    return [RewardDeed(**row._mapping) for row in rows]


def entries_of(session: Session, reward_ids: Sequence[UUID]) -> list[EntryLine]:
    """Return the entries of all that happened to these rewards, as they were written."""
    if not reward_ids:
        return []
    rows = session.execute(
        select(
            LedgerEntry.transaction_id,
            LedgerEntry.position,
            LedgerTransaction.reward_id,
            LedgerEntry.account,
            User.name,
            LedgerEntry.amount_minor,
            LedgerEntry.currency,
            LedgerTransaction.at,
            User.id,
            LedgerEntry.kind,
        )
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(User, User.id == LedgerEntry.user_id)
        .where(LedgerTransaction.reward_id.in_(reward_ids))
        .order_by(
            LedgerTransaction.at, LedgerTransaction.reward_id, LedgerTransaction.reward_sequence, LedgerEntry.position
        )
    )
    return [EntryLine(*row[:5], Money(row[5], row[6]), row[7], row[8], row[9]) for row in rows]


def refunds_of(session: Session, conversion_id: UUID, currency: str | None) -> list[RefundLine]:
    """Return the refunds and disputes of a conversion in the order in which they happened."""
    ended = and_(
        Refund.kind == "dispute",
        DisputeOutcome.program_id == Refund.program_id,
        DisputeOutcome.dispute_event_id == Refund.event_id,
    )
    rows = session.execute(
        select(
            *(Refund.event_id, Refund.applied_minor, Refund.occurred_at, Refund.kind, Refund.restored_minor),
            *(DisputeOutcome.outcome, DisputeOutcome.event_id.label("outcome_event_id")),
            func.coalesce(Refund.won_at, DisputeOutcome.occurred_at).label("outcome_at"),
        )
        .outerjoin(DisputeOutcome, ended)
        .where(Refund.conversion_id == conversion_id)
        .order_by(Refund.occurred_at, Refund.id)
    )
    return [
        RefundLine(
            event_id=row.event_id,
            applied=Money(row.applied_minor, currency) if row.applied_minor is not None and currency else None,
            occurred_at=row.occurred_at,
            kind=row.kind,
            outcome=row.outcome,
            outcome_event_id=row.outcome_event_id,
            outcome_at=row.outcome_at,
            restored=Money(row.restored_minor, currency) if row.restored_minor and currency else None,
        )
        for row in rows
    ]
