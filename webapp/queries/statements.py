"""What a person earned in a stretch of time, as a statement lists it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.models import Conversion, Reward, RewardEvent, User


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One reward: what it is for, and what is left of what was granted. `reason` is the last event's."""

    reward_id: UUID
    occurred_at: datetime
    type: str
    side: str
    friend_name: str | None
    status: str
    reason: str
    granted: Money
    kept: Money


def statement_lines(session: Session, beneficiary_id: UUID, *, since: datetime, until: datetime) -> list[StatementLine]:
    """Return the rewards for what happened from `since`, inclusive, to `until`, exclusive, the earliest first."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    last = select(RewardEvent.reason).where(
        and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence)
    )
    rows = session.execute(
        select(
            Reward.id,
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
