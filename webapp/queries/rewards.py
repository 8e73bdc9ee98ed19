"""Rewards and balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from webapp.models import Conversion, LedgerEntry, Reward, RewardEvent
from webapp.queries.paging import older_than
from webapp.queries.rules import Version, find_versions

PAGE = 50


@dataclass(frozen=True, slots=True)
class RewardRow:
    """A reward as it stands. `taken_minor` was taken back, before or after a freeze; `reason` is the last event's."""

    id: UUID
    conversion_id: UUID
    event_id: str | None
    beneficiary_id: UUID
    side: str
    kind: str
    amount_minor: int
    taken_minor: int
    currency: str
    status: str
    reason: str
    matures_at: datetime
    granted_at: datetime
    version: Version


def rewards_of_conversion(session: Session, conversion_id: UUID) -> list[RewardRow]:
    """Return the rewards of one conversion, in the order in which they were granted."""
    return rewards_of_conversions(session, [conversion_id])


def rewards_of_conversions(session: Session, conversion_ids: Sequence[UUID]) -> list[RewardRow]:
    """Return the rewards of several conversions."""
    query = _rewards().where(Reward.conversion_id.in_(conversion_ids)).order_by(Reward.granted_at, Reward.id)
    return _rows(session, query)


def list_rewards(
    session: Session,
    program_id: UUID,
    *,
    beneficiary_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = PAGE,
) -> tuple[list[RewardRow], UUID | None]:
    """Return rewards of a program or of one person, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    whose = Reward.program_id == program_id
    if beneficiary_id is not None:
        whose = and_(whose, Reward.beneficiary_id == beneficiary_id)
    query = _rewards().where(whose)
    if before is not None:
        query = query.where(older_than(session, Reward.granted_at, Reward.id, before, of=whose))
    rows = _rows(session, query.order_by(Reward.granted_at.desc(), Reward.id.desc()).limit(limit + 1))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def balances_of(session: Session, user_id: UUID) -> dict[str, dict[str, int]]:
    """Return what stands in each account of a person, by currency, in minor units. A balance is a sum of entries."""
    rows = session.execute(
        select(LedgerEntry.currency, LedgerEntry.account, func.sum(LedgerEntry.amount_minor))
        .where(LedgerEntry.user_id == user_id)
        .group_by(LedgerEntry.currency, LedgerEntry.account)
        .order_by(LedgerEntry.currency)
    )
    balances: dict[str, dict[str, int]] = {}
    for currency, account, minor in rows:
        balances.setdefault(currency, {})[account] = int(minor)
    return balances


def _rewards() -> Select[Any]:
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    last = select(RewardEvent.reason).where(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence)
    return select(Reward, taken.scalar_subquery(), last.scalar_subquery(), Conversion.event_id).join(
        Conversion, Conversion.id == Reward.conversion_id
    )


def _rows(session: Session, query: Select[Any]) -> list[RewardRow]:
    # What the services wrote past the session's objects is read anew.
    found = session.execute(query.execution_options(populate_existing=True)).all()
    versions = find_versions(session, [reward.rule_version_id for reward, *_ in found])
    return [
        RewardRow(
            id=reward.id,
            conversion_id=reward.conversion_id,
            event_id=event_id,
            beneficiary_id=reward.beneficiary_id,
            side=reward.side,
            kind=reward.kind,
            amount_minor=reward.amount_minor,
            taken_minor=int(taken),
            currency=reward.currency,
            status=reward.status,
            reason=reason,
            matures_at=reward.matures_at,
            granted_at=reward.granted_at,
            version=versions[reward.rule_version_id],
        )
        for reward, taken, reason, event_id in found
    ]
