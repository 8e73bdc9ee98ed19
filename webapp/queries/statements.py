"""What a person earned in a stretch of time, and what moved in their accounts, as a statement lists it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import cast
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from webapp.domain.ledger import Account
from webapp.domain.money import Money
from webapp.domain.rewards import Form
from webapp.domain.statements import Book, Books, Kind, books_of, kind_of
from webapp.models import Conversion, LedgerEntry, LedgerTransaction, RedemptionPart, Reward, RewardEvent, User
from webapp.queries.ledger_entries import EntryFilter, balances_at
from webapp.queries.rewards import of_event


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One reward: what it is for, and what is left of what was granted. `reason` is the last event's."""

    reward_id: UUID
    kind: str
    occurred_at: datetime
    type: str
    side: str
    friend_name: str | None
    status: str
    reason: str
    granted: Money
    kept: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction: what happened to which reward, and what it added to each account, in minor units."""

    at: datetime
    reward_id: UUID
    type: str
    side: str
    friend_name: str | None
    status: str
    reason: str
    taken: Money | None
    taken_as: str | None
    currency: str
    kind: Kind
    amounts: dict[Account, int]
    form: Form
    redeemed: Money | None


def statement_lines(session: Session, beneficiary_id: UUID, *, since: datetime, until: datetime) -> list[StatementLine]:
    """Return the rewards for what happened from `since`, inclusive, to `until`, exclusive, the earliest first."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    last = select(RewardEvent.reason).where(
        and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence)
    )
    rows = session.execute(
        select(
            Reward.id,
            Reward.kind,
            Conversion.occurred_at,
            Conversion.type,
            Reward.side,
            # Of a friend who counts for somebody else by now nobody is told.
            case((Reward.ended_bond.is_(None), User.name)).label("name"),
            Reward.status,
            last.correlate(Reward).scalar_subquery().label("reason"),
            Reward.currency,
            Reward.amount_minor,
            taken.correlate(Reward).scalar_subquery().label("taken"),
        )
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(User, User.id == Conversion.user_id)
        .where(Reward.beneficiary_id == beneficiary_id, Conversion.occurred_at >= since, Conversion.occurred_at < until)
        .order_by(Conversion.occurred_at, Reward.id)
    )
    return [
        StatementLine(
            reward_id=row.id,
            kind=row.kind,
            occurred_at=row.occurred_at,
            type=row.type,
            side=row.side,
            friend_name=row.name,
            status=row.status,
            reason=row.reason,
            granted=Money(row.amount_minor, row.currency),
            kept=Money(_kept_minor(row.status, row.amount_minor, int(row.taken)), row.currency),
        )
        for row in rows
    ]


def _kept_minor(status: str, granted_minor: int, taken_minor: int) -> int:
    return 0 if status in ("rejected", "reversed") else granted_minor - taken_minor


def movements_of(session: Session, person_id: UUID, *, since: datetime, until: datetime) -> list[Movement]:
    """Return what was booked for a person from `since`, inclusive, to `until`, exclusive, the earliest first."""
    rows = session.execute(
        select(
            LedgerTransaction.id,
            LedgerTransaction.at,
            LedgerTransaction.reward_id,
            LedgerTransaction.reward_sequence,
            LedgerEntry.account,
            LedgerEntry.currency,
            LedgerEntry.amount_minor,
            LedgerEntry.kind.label("form"),
            Conversion.type,
            Reward.side,
            case((Reward.ended_bond.is_(None), User.name)).label("name"),
            RewardEvent.status,
            RewardEvent.reason,
            RewardEvent.taken_minor,
            RewardEvent.taken_as,
            RedemptionPart.amount_minor.label("redeemed_minor"),
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(
            RewardEvent,
            and_(
                RewardEvent.reward_id == LedgerTransaction.reward_id,
                RewardEvent.sequence == LedgerTransaction.reward_sequence,
            ),
        )
        .outerjoin(RedemptionPart, of_event(RedemptionPart))
        .join(Reward, Reward.id == LedgerTransaction.reward_id)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(User, User.id == Conversion.user_id)
        .where(LedgerEntry.user_id == person_id, LedgerTransaction.at >= since, LedgerTransaction.at < until)
        .order_by(LedgerTransaction.at, LedgerTransaction.reward_sequence, LedgerTransaction.id)
    )
    movements = []
    for _key, entries in groupby(rows, key=lambda row: (row.id, row.form, row.currency)):
        of_one = list(entries)
        row, amounts = of_one[0], cast(dict[Account, int], {})
        for entry in of_one:
            amounts[entry.account] = amounts.get(entry.account, 0) + entry.amount_minor
        movements.append(
            Movement(
                at=row.at,
                reward_id=row.reward_id,
                type=row.type,
                side=row.side,
                friend_name=row.name,
                status=row.status,
                reason=row.reason,
                taken=Money(row.taken_minor, row.currency) if row.taken_minor else None,
                taken_as=row.taken_as,
                currency=row.currency,
                kind=kind_of(amounts, first=row.reward_sequence == 1),
                amounts=amounts,
                form=row.form,
                redeemed=Money(row.redeemed_minor, row.currency) if row.redeemed_minor else None,
            )
        )
    return movements


def books_before(
    session: Session, program_id: UUID, person_id: UUID, movements: Sequence[Movement], *, since: datetime, first: str
) -> list[Books]:
    """Return the books of a person from `since` on: what stood there before, and these movements of theirs."""
    opening: dict[Book, dict[Account, int]] = {}
    before = EntryFilter(person_id=person_id, until=since - timedelta(microseconds=1))
    for one in balances_at(session, program_id, before):
        opening.setdefault((cast(Form, one.form), one.amount.currency), {})[cast(Account, one.account)] = (
            one.amount.minor
        )
    return books_of(opening, [((one.form, one.currency), one.kind, one.amounts) for one in movements], first=first)
