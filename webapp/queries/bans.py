"""Who is banned from earning rewards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.models import Ban, Model, Reward, RewardEvent, User


def is_banned(user_id: Any) -> ColumnElement[bool]:
    """Return the part of a query that tells whether somebody, an id or a column of ids, is banned."""
    bans = Model.metadata.tables["bans"]
    newest = select(bans.c.is_banned).where(bans.c.user_id == user_id).order_by(bans.c.sequence.desc()).limit(1)
    return func.coalesce(newest.scalar_subquery(), False)


@dataclass(frozen=True, slots=True)
class BanRow:
    """That somebody is banned: why, since when, and by whom; None for someone who is gone."""

    reason: str
    since: datetime
    by: str | None


def ban_of(session: Session, user_id: UUID) -> BanRow | None:
    """Return the ban of somebody, None when they may earn rewards."""
    newest = (
        select(Ban.is_banned, Ban.reason, Ban.decided_at, User.name)
        .outerjoin(User, User.id == Ban.decided_by)
        .where(Ban.user_id == user_id)
        .order_by(Ban.sequence.desc())
        .limit(1)
    )
    row = session.execute(newest).one_or_none()
    return BanRow(row[1], row[2], row[3]) if row and row[0] else None


def open_worth(session: Session, user_id: UUID) -> dict[str, list[Worth]]:
    """Return what somebody's rewards are worth that a ban would hold, and those that are held, paid or on their way.

    By "open", "held" and "gone". Of store credit of which a part is spent there is nothing to be held.
    """
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    spent = Model.metadata.tables["redemption_parts"]
    redeemed = select(func.coalesce(func.sum(spent.c.amount_minor), 0)).where(spent.c.reward_id == Reward.id)
    is_spent = redeemed.correlate(Reward).scalar_subquery() > 0
    kept = Reward.amount_minor - taken.correlate(Reward).scalar_subquery()
    columns = (Reward.kind, Reward.status, Reward.currency)
    rows = session.execute(
        select(*columns, func.sum(kept), func.count(), is_spent.label("is_spent"))
        .where(Reward.beneficiary_id == user_id, Reward.ended_bond.is_(None))
        .group_by(*columns, "is_spent")
        .order_by(*columns)
    )
    found: dict[str, list[Worth]] = {"open": [], "held": [], "gone": []}
    for kind, status, currency, minor, count, has_spent in rows:
        worth = Worth(kind, Money(int(minor), currency), count)
        if status in ("pending", "approved") and not has_spent:
            found["open"].append(worth)
        elif status == "held":
            found["held"].append(worth)
        elif status in ("in_payout", "paid"):
            found["gone"].append(worth)
    return found
