"""Rewards of a whole program, as staff look for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.models import Conversion, Referral, Reward, RewardEvent, User
from webapp.queries.paging import older_than
from webapp.queries.people_search import people_called
from webapp.queries.rewards import came_to_status
from webapp.queries.rules import Version, find_versions

PAGE = 30


@dataclass(frozen=True, slots=True)
class RewardFilter:
    """What is looked for; None is without that condition. `since` is inclusive, `until` exclusive.

    `person_id` and `text` are about whoever earns a reward or is the friend it is for.
    """

    status: str | None = None
    rule_id: UUID | None = None
    side: str | None = None
    currency: str | None = None
    person_id: UUID | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedReward:
    """A reward as it stands, whose it is and what it is for. `kept` is what is left after all that was taken back.

    `friend_name` is None for someone without an account; `referrer_name` when nobody referred them.
    `sequence` is the number of its newest event, `reason` is that event's, `since` is when it came to its status.
    """

    id: UUID
    conversion_id: UUID
    beneficiary_id: UUID
    beneficiary_name: str
    friend_name: str | None
    referrer_name: str | None
    type: str
    occurred_at: datetime
    side: str
    kind: str
    granted: Money
    kept: Money
    status: str
    sequence: int
    reason: str
    since: datetime
    matures_at: datetime
    granted_at: datetime
    version: Version
    bond: int = 0
    ended_bond: int | None = None
    correction: int = 0

    @property
    def worth(self) -> Worth:
        """What is kept of it, in its form."""
        return Worth(self.kind, self.kept)


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """Rewards of one form in one currency: how many, and what is kept of them."""

    count: int
    kept: Money
    kind: str = "cash"

    @property
    def worth(self) -> Worth:
        return Worth(self.kind, self.kept, self.count)


def list_rewards(
    session: Session, program_id: UUID, wanted: RewardFilter, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[ListedReward], UUID | None]:
    """Return the rewards that are looked for, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    query = _rewards().where(*_conditions(program_id, wanted))
    if before is not None:
        of = Reward.program_id == program_id
        query = query.where(older_than(session, Reward.granted_at, Reward.id, before, of=of))
    rows = _read(session, query.order_by(Reward.granted_at.desc(), Reward.id.desc()).limit(limit + 1))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def find_rewards(session: Session, program_id: UUID, ids: Sequence[UUID]) -> list[ListedReward]:
    """Return these rewards of the program, the oldest first; what it has not is left out."""
    query = _rewards().where(Reward.program_id == program_id, Reward.id.in_(ids))
    return _read(session, query.order_by(Reward.granted_at, Reward.id))


def sums_of(session: Session, program_id: UUID, wanted: RewardFilter) -> list[CurrencySum]:
    """Return how many rewards are looked for and what they come to, the form and currency of most rewards first.

    What was rejected comes to nothing, unless it is what is looked for.
    """
    count, kept = func.count(), Reward.amount_minor - _taken()
    if wanted.status != "rejected":
        kept = case((Reward.status == "rejected", cast(literal(0), Integer)), else_=kept)
    query = (
        select(Reward.kind, Reward.currency, count, func.sum(kept))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(*_conditions(program_id, wanted))
        .group_by(Reward.kind, Reward.currency)
        .order_by(count.desc(), Reward.kind, Reward.currency)
    )
    return [
        CurrencySum(number, Money(int(minor), currency), kind)
        for kind, currency, number, minor in session.execute(query)
    ]


_Friend, _Referrer = aliased(User), aliased(User)


def _conditions(program_id: UUID, wanted: RewardFilter) -> list[ColumnElement[bool]]:
    conditions = [Reward.program_id == program_id]
    for column, value in (
        (Reward.status, wanted.status),
        (Reward.rule_id, wanted.rule_id),
        (Reward.side, wanted.side),
        (Reward.currency, wanted.currency),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.person_id is not None:
        conditions.append(or_(Reward.beneficiary_id == wanted.person_id, Conversion.user_id == wanted.person_id))
    if wanted.text:
        called = people_called(program_id, wanted.text)
        conditions.append(
            or_(
                Reward.beneficiary_id.in_(called),
                Conversion.user_id.in_(called),
                Conversion.order_id == wanted.text,
                Conversion.event_id == wanted.text,
            )
        )
    if wanted.since is not None:
        conditions.append(Reward.granted_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Reward.granted_at < wanted.until)
    return conditions


def _taken() -> ColumnElement[int]:
    """What was taken back of a reward. Only one to which something happened is asked for more."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    return case((Reward.sequence > 1, taken.correlate(Reward).scalar_subquery()), else_=cast(literal(0), Integer))


def _rewards() -> Select[Any]:
    columns: tuple[Any, ...] = (
        Reward.id,
        Reward.conversion_id,
        Reward.beneficiary_id,
        User.name.label("beneficiary_name"),
        _Friend.name.label("friend_name"),
        _Referrer.name.label("referrer_name"),
        Conversion.type,
        Conversion.occurred_at,
        Reward.side,
        Reward.kind,
        Reward.amount_minor,
        Reward.currency,
        _taken().label("taken_minor"),
        Reward.status,
        Reward.sequence,
        RewardEvent.reason,
        came_to_status().label("since"),
        Reward.matures_at,
        Reward.granted_at,
        Reward.rule_version_id,
        Reward.bond,
        Reward.ended_bond,
        Reward.correction,
    )
    return (
        select(*columns)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .join(User, User.id == Reward.beneficiary_id)
        .join(RewardEvent, (RewardEvent.reward_id == Reward.id) & (RewardEvent.sequence == Reward.sequence))
        .outerjoin(_Friend, _Friend.id == Conversion.user_id)
        .outerjoin(Referral, Referral.id == Conversion.referral_id)
        .outerjoin(_Referrer, _Referrer.id == Referral.referrer_id)
    )


def _read(session: Session, query: Select[Any]) -> list[ListedReward]:
    found = session.execute(query).all()
    versions = find_versions(session, [row.rule_version_id for row in found])
    return [
        ListedReward(
            id=row.id,
            conversion_id=row.conversion_id,
            beneficiary_id=row.beneficiary_id,
            beneficiary_name=row.beneficiary_name,
            friend_name=row.friend_name,
            referrer_name=row.referrer_name,
            type=row.type,
            occurred_at=row.occurred_at,
            side=row.side,
            kind=row.kind,
            granted=Money(row.amount_minor, row.currency),
            kept=Money(row.amount_minor - int(row.taken_minor), row.currency),
            status=row.status,
            sequence=row.sequence,
            reason=row.reason,
            since=row.since,
            matures_at=row.matures_at,
            granted_at=row.granted_at,
            version=versions[row.rule_version_id],
            bond=row.bond,
            ended_bond=row.ended_bond,
            correction=row.correction,
        )
        for row in found
    ]
