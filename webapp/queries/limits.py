"""How much of a limit is used."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from webapp.domain.limits import Limit
from webapp.domain.periods import Window
from webapp.models import Conversion, Referral, Reward, RewardEvent
from webapp.transactions import connection_of

# Their room is free again.
NOT_USED = ("rejected", "reversed")


def used_of(session: Session, rule_id: UUID, limit: Limit, window: Window, *, referrer_id: UUID) -> int:
    """Return what a rule, whatever its version, gave for events of a period: rewards, or minor units that are kept.

    Of a limit for each referrer only what the friends of this one did counts,
    whichever side was rewarded.
    """
    query = _of_referrer(referrer_id) if limit.scope == "per_referrer" else _of_everybody()
    query = query.where(Reward.rule_id == rule_id, Reward.status.not_in(NOT_USED))
    if limit.amount is not None:
        query = query.where(Reward.currency == limit.amount.currency)
    if window.since is not None:
        query = query.where(Conversion.occurred_at >= window.since)
    if window.until is not None:
        query = query.where(Conversion.occurred_at < window.until)
    count, minor = connection_of(session).execute(query).one()
    return int(count if limit.amount is None else minor)


def _of_everybody() -> Select[Any]:
    return _used().select_from(Reward).join(Conversion, Conversion.id == Reward.conversion_id)


def _of_referrer(referrer_id: UUID) -> Select[Any]:
    # By their friends, of whom there are fewer than rewards of the rule.
    did = and_(Conversion.user_id == Referral.friend_id, Conversion.referral_id == Referral.id)
    return (
        _used()
        .select_from(Referral)
        .join(Conversion, did)
        .join(Reward, Reward.conversion_id == Conversion.id)
        .where(Referral.referrer_id == referrer_id)
    )


def _used() -> Select[Any]:
    taken = (
        select(func.coalesce(func.sum(RewardEvent.taken_minor), 0))
        .where(RewardEvent.reward_id == Reward.id)
        .correlate(Reward)
        .scalar_subquery()
    )
    # Of a reward with only its first event nothing was taken back.
    kept = case((Reward.sequence == 1, Reward.amount_minor), else_=Reward.amount_minor - taken)
    return select(func.coalesce(func.sum(case((kept > 0, 1), else_=0)), 0), func.coalesce(func.sum(kept), 0))
