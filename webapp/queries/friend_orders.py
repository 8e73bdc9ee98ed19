"""What a referrer's friends did, as the referrer may know it: the events, and what each earned them and why."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.models import Conversion, Referral, Refund
from webapp.queries.appeals import appealed_among
from webapp.queries.cases import Doubt, doubts_behind
from webapp.queries.conversions import Decided, decisions_of_many
from webapp.queries.rewards import RewardRow, rewards_of_conversions

# Of each friend; the page of rewards has them all.
LATEST = 5


@dataclass(frozen=True, slots=True)
class FriendOrder:
    """One conversion of a friend with the referrer's own rewards for it and the decisions about them.

    `refunded_minor` is in the currency of `amount`, which is None when none was reported.
    """

    conversion_id: UUID
    friend_id: UUID
    type: str
    occurred_at: datetime
    amount: Money | None
    refunded_minor: int
    decisions: tuple[Decided, ...]
    rewards: tuple[RewardRow, ...]
    # Of the rewards that are held why, and those that were rejected although somebody had appealed.
    doubts: Mapping[UUID, Doubt]
    appealed: Set[UUID]


def orders_of_friends(
    session: Session, referrer_id: UUID, friend_ids: Sequence[UUID], *, limit: int = LATEST
) -> dict[UUID, list[FriendOrder]]:
    """Return the latest conversions of each of these friends that count for the referrer, the latest first."""
    nth = func.row_number().over(
        partition_by=Conversion.user_id, order_by=(Conversion.occurred_at.desc(), Conversion.id.desc())
    )
    ranked = (
        select(Conversion.id.label("id"), nth.label("nth"))
        .join(Referral, Referral.id == Conversion.referral_id)
        .where(Conversion.user_id.in_(friend_ids), Referral.referrer_id == referrer_id)
        .subquery()
    )
    went_back = func.coalesce(func.sum(Refund.applied_minor - Refund.restored_minor), 0)
    refunded = select(went_back).where(Refund.conversion_id == Conversion.id)
    rows = session.execute(
        select(
            Conversion.id,
            Conversion.user_id,
            Conversion.type,
            Conversion.occurred_at,
            Conversion.amount_minor,
            Conversion.currency,
            refunded.scalar_subquery(),
        )
        .join(ranked, ranked.c.id == Conversion.id)
        .where(ranked.c.nth <= limit)
        .order_by(Conversion.occurred_at.desc(), Conversion.id.desc())
    ).all()
    ids = [row[0] for row in rows]
    decisions = decisions_of_many(session, ids) if ids else {}
    rewards = rewards_of_conversions(session, ids) if ids else []
    doubts = doubts_behind(session, [row.id for row in rewards if row.status == "held"])
    appealed = appealed_among(session, [row.id for row in rewards if row.status == "rejected"])
    orders: dict[UUID, list[FriendOrder]] = {}
    for conversion_id, friend_id, type_, occurred_at, minor, currency, refunded_minor in rows:
        order = FriendOrder(
            conversion_id=conversion_id,
            friend_id=friend_id,
            type=type_,
            occurred_at=occurred_at,
            amount=None if minor is None or currency is None else Money(minor, currency),
            refunded_minor=int(refunded_minor or 0),
            decisions=tuple(
                decided
                for decided in decisions.get(conversion_id, ())
                # Where no rule was asked there is nobody's decision; what the friend got is the friend's.
                if decided.beneficiary_id in (None, referrer_id)
            ),
            rewards=tuple(
                row
                for row in rewards
                if row.conversion_id == conversion_id and row.beneficiary_id == referrer_id and row.holds
            ),
            doubts=doubts,
            appealed=appealed,
        )
        orders.setdefault(friend_id, []).append(order)
    return orders
