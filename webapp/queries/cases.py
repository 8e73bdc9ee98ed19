"""Cases: the held rewards of one referrer's friends that are doubted for one kind of reason.

A case is nothing that is stored. A reward that comes to be held is in the case
of its referrer and kind by that alone, and a case is over when nothing in it is
held any more, so the two can never be out of step.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from webapp.domain.appeals import APPEALED
from webapp.domain.money import Money
from webapp.domain.signal_registry import Category
from webapp.domain.suspicion import FRIEND_REJECTED, SUSPECTED
from webapp.domain.worth import Worth
from webapp.models import Conversion, Referral, Reward, RewardEvent, Screening, User

DISPUTE_WON = "dispute_won"
# Why a reward is held when it is about the friend or how they came. A ban says nothing of the friends of whoever is
# banned, and what somebody appeals against is about what it was about before.
ABOUT_FRIENDS = (SUSPECTED, FRIEND_REJECTED)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """Whose friends it is about, and of what kind the doubt is."""

    referrer_id: UUID
    category: Category


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with something to decide: how many rewards of how many friends are held, since when, and their worth."""

    key: CaseKey
    friends: int
    since: datetime
    worth: tuple[Worth, ...]

    @property
    def rewards(self) -> int:
        return sum(one.count for one in self.worth)

    @property
    def at_stake(self) -> tuple[Money, ...]:
        """What it comes to in each currency, in whatever form."""
        sums: dict[str, int] = defaultdict(int)
        for one in self.worth:
            sums[one.amount.currency] += one.amount.minor
        return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class HeldReward:
    """A reward that is held. `sequence` is the number of its newest event; since when it is held and why."""

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
    type: str
    occurred_at: datetime

    @property
    def worth(self) -> Worth:
        """What is kept of it, in its form."""
        return Worth(self.kind, self.kept)


_TAKEN = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
_KEPT = Reward.amount_minor - _TAKEN.correlate(Reward).scalar_subquery()
# The event by which it came to be held: what was taken back since then, all of it too, is no other reason.
_CAME_BY = select(func.coalesce(func.max(RewardEvent.sequence), 0) + 1).where(
    RewardEvent.reward_id == Reward.id, RewardEvent.status.not_in(("held", "reversed"))
)
# Who has no referrer any more is in a case of their own.
_REFERRER = func.coalesce(Referral.referrer_id, Reward.beneficiary_id)
_EARLIER = aliased(RewardEvent)
# Why it was held before that: not what was taken back of it meanwhile, or came back to it.
_HELD_FIRST = (
    select(_EARLIER.reason)
    .where(
        *(_EARLIER.reward_id == RewardEvent.reward_id, _EARLIER.sequence < RewardEvent.sequence),
        *(_EARLIER.status == "held", _EARLIER.taken_minor == 0),
        _EARLIER.reason.not_in((APPEALED, DISPUTE_WON)),
    )
    .order_by(_EARLIER.sequence.desc())
    .limit(1)
    .correlate(RewardEvent)
    .scalar_subquery()
)
_CATEGORY = case(
    (
        or_(
            RewardEvent.reason.in_(ABOUT_FRIENDS),
            and_(RewardEvent.reason == APPEALED, _HELD_FIRST.in_(ABOUT_FRIENDS)),
        ),
        func.coalesce(Screening.category, "person"),
    ),
    else_="orders",
)


def _held(*columns: Any) -> Select[Any]:
    """Return a query for held rewards, with the event that held them and what the signals said of the friend."""
    came_by = _CAME_BY.correlate(Reward).scalar_subquery()
    return (
        select(*columns)
        .select_from(Reward)
        .join(RewardEvent, and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == came_by))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(
            Referral, and_(Referral.program_id == Conversion.program_id, Referral.friend_id == Conversion.user_id)
        )
        .outerjoin(Screening, and_(Screening.friend_id == Conversion.user_id, Screening.sequence == 1))
        .where(Reward.status == "held")
    )


# By what the queue can be ordered.
Order = Literal["money", "age"]


def open_cases(session: Session, program_id: UUID) -> list[OpenCase]:
    """Return every case of a program with something to decide, the one that waits longest first."""
    referrer, category = _REFERRER.label("referrer"), _CATEGORY.label("category")
    rows = session.execute(
        _held(
            *(referrer, category, Reward.currency, Reward.kind),
            *(func.sum(_KEPT), func.count(), func.min(RewardEvent.at).label("since")),
        )
        .where(Reward.program_id == program_id)
        .group_by(referrer, category, Reward.currency, Reward.kind)
        .order_by("since", Reward.currency, Reward.kind)
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
            friends=friends[key],
            since=parts[0].since,
            worth=tuple(Worth(row[3], Money(int(row[4]), row[2]), row[5]) for row in parts),
        )
        for key, parts in found.items()
    ]


def in_order(cases: Sequence[OpenCase], order: Order, *, currency: str) -> list[OpenCase]:
    """Return cases in the order in which they are decided: what is most money in this currency first, or by age.

    Of those that come to as much, or to nothing in it, the one that waits longest is first.
    """

    def place(one: OpenCase) -> tuple[Any, ...]:
        ours = sum(amount.minor for amount in one.at_stake if amount.currency == currency)
        return (-ours if order == "money" else 0, one.since, one.key.referrer_id.hex, one.key.category)

    return sorted(cases, key=place)


@dataclass(frozen=True, slots=True)
class CaseNames:
    """What the referrer of a case is called, and a friend of it; None for a friend without an account."""

    referrer: str
    friend: str | None


def names_in(session: Session, program_id: UUID, keys: Collection[CaseKey]) -> dict[CaseKey, CaseNames]:
    """Return the names in these cases. Of several friends, one is named."""
    referrer, category, their_referrer = _REFERRER.label("referrer"), _CATEGORY.label("category"), aliased(User)
    query = (
        _held(referrer, category, func.min(their_referrer.name), func.min(User.name))
        .join(their_referrer, their_referrer.id == _REFERRER)
        .outerjoin(User, User.id == Conversion.user_id)
        .where(Reward.program_id == program_id, _is_of(keys))
        .group_by(referrer, category)
    )
    return {CaseKey(row[0], row[1]): CaseNames(row[2], row[3]) for row in session.execute(query)}


def count_open_cases(session: Session, program_id: UUID) -> int:
    """Return how many cases of a program have something to decide."""
    keys = _held(_REFERRER.label("referrer"), _CATEGORY.label("category")).where(Reward.program_id == program_id)
    return session.scalar(select(func.count()).select_from(keys.distinct().subquery())) or 0


def held_in(session: Session, program_id: UUID, *keys: CaseKey) -> list[HeldReward]:
    """Return what is held in a case or several, the oldest first."""
    return _rewards(session, Reward.program_id == program_id, _is_of(keys)) if keys else []


def friends_held_in(program_id: UUID, key: CaseKey) -> Select[Any]:
    """Return a query for the ids of the friends in a case."""
    return _held(Conversion.user_id).where(
        Reward.program_id == program_id, _is_of([key]), Conversion.user_id.is_not(None)
    )


def held_rewards(session: Session, reward_ids: Collection[UUID]) -> list[HeldReward]:
    """Return those of some rewards that are held, the oldest first."""
    return _rewards(session, Reward.id.in_(reward_ids))


def _is_of(keys: Collection[CaseKey]) -> ColumnElement[bool]:
    return tuple_(_REFERRER, _CATEGORY).in_([(key.referrer_id, key.category) for key in keys])


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a reward is held, and of what kind that is."""

    reason: str
    category: Category


def doubts_behind(session: Session, reward_ids: Collection[UUID]) -> dict[UUID, Doubt]:
    """Return why each of those rewards is held that are."""
    if not reward_ids:
        return {}
    rows = session.execute(_held(Reward.id, RewardEvent.reason, _CATEGORY).where(Reward.id.in_(reward_ids)))
    return {reward_id: Doubt(reason, cast(Category, category)) for reward_id, reason, category in rows}


def _rewards(session: Session, *wanted: Any) -> list[HeldReward]:
    columns = (
        *(Reward.id, Reward.sequence, _REFERRER, _CATEGORY, Conversion.user_id, Reward.conversion_id),
        *(Reward.beneficiary_id, Reward.side, Reward.kind, _KEPT, Reward.currency, RewardEvent.reason),
        *(RewardEvent.at, Reward.matures_at, Conversion.type, Conversion.occurred_at),
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
            type=row[14],
            occurred_at=row[15],
        )
        for row in rows
    ]
