"""Cases: the held rewards of one referrer's friends that are doubted for one kind of reason.

A case is nothing that is stored. A reward that comes to be held is in the case
of its referrer and kind by that alone, and a case is over when nothing in it is
held any more, so the two can never be out of step.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, case, distinct, func, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.signal_registry import Category
from webapp.domain.suspicion import BANNED, FRIEND_REJECTED, REFERRER_BANNED, SUSPECTED
from webapp.models import Conversion, Referral, Reward, RewardEvent, Screening

# Why a reward is held when it is about the person or how they came, and not about the order alone.
ABOUT_PEOPLE = (SUSPECTED, FRIEND_REJECTED, BANNED, REFERRER_BANNED, "appealed")


@dataclass(frozen=True, slots=True)
class CaseKey:
    """Whose friends it is about, and of what kind the doubt is."""

    referrer_id: UUID
    category: Category


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with something to decide: how many rewards of how many friends are held, since when, and their money."""

    key: CaseKey
    rewards: int
    friends: int
    since: datetime
    at_stake: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class HeldReward:
    """A reward that is held. `sequence` is the number of its newest event, `since` when that was."""

    id: UUID
    sequence: int
    key: CaseKey
    friend_id: UUID
    conversion_id: UUID
    beneficiary_id: UUID
    side: str
    kind: str
    kept: Money
    reason: str
    since: datetime
    matures_at: datetime


_TAKEN = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
_KEPT = Reward.amount_minor - _TAKEN.correlate(Reward).scalar_subquery()
# Who has no referrer any more is in a case of their own.
_REFERRER = func.coalesce(Referral.referrer_id, Reward.beneficiary_id)
_CATEGORY = case(
    (RewardEvent.reason.in_(ABOUT_PEOPLE), func.coalesce(Screening.category, "person")),
    else_="orders",
)


def _held(*columns: Any) -> Select[Any]:
    """Return a query for held rewards, with their newest event and what the signals said of the friend."""
    return (
        select(*columns)
        .select_from(Reward)
        .join(RewardEvent, and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(Referral, Referral.friend_id == Conversion.user_id)
        .outerjoin(Screening, and_(Screening.friend_id == Conversion.user_id, Screening.sequence == 1))
        .where(Reward.status == "held")
    )


def open_cases(session: Session, program_id: UUID) -> list[OpenCase]:
    """Return every case of a program with something to decide, the one that waits longest first."""
    referrer, category = _REFERRER.label("referrer"), _CATEGORY.label("category")
    rows = session.execute(
        _held(
            referrer,
            category,
            Reward.currency,
            func.sum(_KEPT),
            func.count(),
            func.min(RewardEvent.at).label("since"),
        )
        .where(Reward.program_id == program_id)
        .group_by(referrer, category, Reward.currency)
        .order_by("since", Reward.currency)
    ).all()
    friends = {
        CaseKey(referrer_id, category): count
        for referrer_id, category, count in session.execute(
            _held(referrer, category, func.count(distinct(Conversion.user_id)))
            .where(Reward.program_id == program_id)
            .group_by(referrer, category)
        )
    }
    found: dict[CaseKey, list[Any]] = defaultdict(list)
    for row in rows:
        found[CaseKey(row[0], row[1])].append(row)
    return [
        OpenCase(
            key=key,
            rewards=sum(row[4] for row in parts),
            friends=friends[key],
            since=parts[0].since,
            at_stake=tuple(Money(int(row[3]), row[2]) for row in parts),
        )
        for key, parts in found.items()
    ]


def count_open_cases(session: Session, program_id: UUID) -> int:
    """Return how many cases of a program have something to decide."""
    keys = _held(_REFERRER.label("referrer"), _CATEGORY.label("category")).where(Reward.program_id == program_id)
    return session.scalar(select(func.count()).select_from(keys.distinct().subquery())) or 0


def held_in(session: Session, program_id: UUID, key: CaseKey) -> list[HeldReward]:
    """Return what is held in a case, the oldest first."""
    return _rewards(session, Reward.program_id == program_id, key.referrer_id == _REFERRER, key.category == _CATEGORY)


def held_rewards(session: Session, reward_ids: Collection[UUID]) -> list[HeldReward]:
    """Return those of some rewards that are held, the oldest first."""
    return _rewards(session, Reward.id.in_(reward_ids))


def _rewards(session: Session, *wanted: Any) -> list[HeldReward]:
    columns = (
        *(Reward.id, Reward.sequence, _REFERRER, _CATEGORY, Conversion.user_id, Reward.conversion_id),
        *(Reward.beneficiary_id, Reward.side, Reward.kind, _KEPT, Reward.currency, RewardEvent.reason),
        *(RewardEvent.at, Reward.matures_at),
    )
    rows: Sequence[Any] = session.execute(_held(*columns).where(*wanted).order_by(Reward.granted_at, Reward.id)).all()
    return [
        HeldReward(
            id=row[0],
            sequence=row[1],
            key=CaseKey(row[2], cast(Category, row[3])),
            friend_id=row[4],
            conversion_id=row[5],
            beneficiary_id=row[6],
            side=row[7],
            kind=row[8],
            kept=Money(int(row[9]), row[10]),
            reason=row[11],
            since=row[12],
            matures_at=row[13],
        )
        for row in rows
    ]
