"""How much of a limit is used."""

from datetime import timedelta
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
# Events are taken a few minutes ahead of the clock, so that a reward is granted before its event at most by that.
_AHEAD = timedelta(days=1)


def used_of(
    session: Session,
    program_id: UUID,
    rule_id: UUID,
    limit: Limit,
    window: Window,
    *,
    referrer_id: UUID,
    without: UUID | None = None,
) -> int:
    """Return what a rule, whatever its version, gave for events of a period: rewards, or minor units that are kept.

    Of a limit for each referrer only what the friends of this one did counts,
    whichever side was rewarded; nothing of the conversion `without` does.
    Corrections are not one reward more.
    """
    kept = (Reward.amount_minor - func.coalesce(func.sum(RewardEvent.taken_minor), 0)).label("kept")
    query = _rewards(select(kept, Reward.conversion_id), limit, window, program_id=program_id, referrer_id=referrer_id)
    # Joined, so that the database chooses whether it looks at a few rewards or at all of them.
    taken = and_(RewardEvent.reward_id == Reward.id, RewardEvent.taken_minor != 0)
    query = query.outerjoin(RewardEvent, taken).group_by(Reward.id, Reward.conversion_id, Reward.amount_minor)
    query = query.where(Reward.rule_id == rule_id, Reward.status.not_in(NOT_USED))
    if without is not None:
        query = query.where(Reward.conversion_id != without)
    if limit.amount is not None:
        query = query.where(Reward.currency == limit.amount.currency)
    found = query.subquery()
    rewarded = func.count(case((found.c.kept > 0, found.c.conversion_id)).distinct())
    used = rewarded if limit.amount is None else func.sum(found.c.kept)
    return int(connection_of(session).execute(select(func.coalesce(used, 0))).scalar_one())


def _rewards(
    query: Select[*tuple[Any, ...]], limit: Limit, window: Window, *, program_id: UUID, referrer_id: UUID
) -> Select[*tuple[Any, ...]]:
    """Say whose rewards are looked at, and of which period."""
    if limit.scope == "per_referrer":
        # By their friends, of whom there are fewer than rewards of the rule.
        did = and_(Conversion.user_id == Referral.friend_id, Conversion.referral_id == Referral.id)
        query = (
            query.select_from(Referral)
            .join(Conversion, did)
            .join(Reward, Reward.conversion_id == Conversion.id)
            .where(Referral.referrer_id == referrer_id)
        )
    elif window.since is None:
        return query.select_from(Reward)
    else:
        # Of all rewards only the newer ones, which there is an index for.
        query = (
            query.select_from(Reward)
            .join(Conversion, Conversion.id == Reward.conversion_id)
            .where(Reward.program_id == program_id, Reward.granted_at >= window.since - _AHEAD)
        )
    if window.since is not None:
        query = query.where(Conversion.occurred_at >= window.since)
    if window.until is not None:
        query = query.where(Conversion.occurred_at < window.until)
    return query
