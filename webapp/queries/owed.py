"""What money becomes payable when: pending rewards by the moment at which their hold is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.models import Reward, RewardEvent


@dataclass(frozen=True, slots=True)
class Maturing:
    """What is left of the pending rewards of one span of time, in one currency. `span` counts from 0."""

    span: int
    count: int
    amount: Money


def maturing_rewards(session: Session, program_id: UUID, ends: Sequence[datetime]) -> list[Maturing]:
    """Return what matures in each span of time, none for those in which nothing does.

    `ends` are where they end, exclusive and in order; what should have matured before is in the first. One question,
    answered by the index of pending rewards.
    """
    span = case(*((Reward.matures_at < end, number) for number, end in enumerate(ends)), else_=len(ends))
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    # To most of them nothing has happened yet.
    left = case((Reward.sequence > 1, Reward.amount_minor - taken.scalar_subquery()), else_=Reward.amount_minor)
    rows = session.execute(
        select(span.label("span"), Reward.currency, func.count(), func.sum(left))
        .where(
            Reward.program_id == program_id,
            Reward.kind == "cash",
            Reward.status == "pending",
            Reward.matures_at < ends[-1],
        )
        .group_by("span", Reward.currency)
        .order_by("span", Reward.currency)
    )
    return [Maturing(number, count, Money(int(minor), currency)) for number, currency, count, minor in rows]
