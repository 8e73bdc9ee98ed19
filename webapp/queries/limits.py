"""How much of a limit is used."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.limits import Limit
from webapp.domain.money import Money
from webapp.domain.periods import Window
from webapp.domain.quotes import convert, from_stored
from webapp.models import Conversion, Referral, Reward, RewardDecision, RewardEvent
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

    What is kept in another currency than the limit's counts as what it is worth
    by the quote that its decision keeps, and not at all without one.
    Of a limit for each referrer only what the friends of this one did counts,
    whichever side was rewarded; nothing of the conversion `without` does.
    Corrections are not one reward more.
    """
    kept = (Reward.amount_minor - func.coalesce(func.sum(RewardEvent.taken_minor), 0)).label("kept")
    columns = [kept, Reward.conversion_id, (Reward.kind == "coupon").label("is_coupon")]
    if limit.amount is not None:
        columns += [Reward.currency.label("currency"), _quotes(limit.amount)]
    query = _rewards(select(*columns), limit, window, program_id=program_id, referrer_id=referrer_id)
    # Joined, so that the database chooses whether it looks at a few rewards or at all of them.
    taken = and_(RewardEvent.reward_id == Reward.id, RewardEvent.taken_minor != 0)
    query = query.outerjoin(RewardEvent, taken)
    query = query.group_by(Reward.id, Reward.conversion_id, Reward.amount_minor, Reward.kind)
    query = query.where(Reward.rule_id == rule_id, Reward.status.not_in(NOT_USED))
    if without is not None:
        query = query.where(Reward.conversion_id != without)
    found = query.subquery()
    if limit.amount is not None:
        return _used_of_amount(session, found, limit.amount.currency)
    counts = or_(found.c.kept > 0, found.c.is_coupon)
    used = func.count(case((counts, found.c.conversion_id)).distinct())
    return int(connection_of(session).execute(select(func.coalesce(used, 0))).scalar_one())


def _used_of_amount(session: Session, found: Subquery, currency: str) -> int:
    """Add up what is kept: in the limit's currency as it is, in another each as it was compared when it was decided."""
    is_own = found.c.currency == currency
    # Rewards of one amount by one quote are worth the same, so each is asked for once.
    each = case((is_own, 0), else_=found.c.kept).label("each")
    query = (
        select(found.c.currency, found.c.quotes, each, func.sum(found.c.kept), func.count())
        .where(or_(is_own, found.c.quotes.is_not(None)))
        .group_by(found.c.currency, found.c.quotes, each)
    )
    used = 0
    for of, stored, kept_minor, total, count in connection_of(session).execute(query):
        if of == currency:
            used += int(total)
        elif worth := convert(Money(int(kept_minor), of), currency, map(from_stored, json.loads(stored))):
            used += worth.minor * count
    return used


def _quotes(amount: Money) -> ColumnElement[str | None]:
    """What the first decision that paid a reward was compared by, as text; nothing in the limit's own currency."""
    stored = (
        select(RewardDecision.facts["quotes"].as_string())
        .where(
            RewardDecision.conversion_id == Reward.conversion_id,
            RewardDecision.rule_version_id == Reward.rule_version_id,
            RewardDecision.beneficiary_id == Reward.beneficiary_id,
            RewardDecision.bond == Reward.bond,
            RewardDecision.amount_minor.is_not(None),
        )
        .order_by(RewardDecision.sequence)
        .limit(1)
        .correlate(Reward)
        .scalar_subquery()
    )
    return case((Reward.currency != amount.currency, stored)).label("quotes")


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
