"""Which friends count for a referrer under a rule, in the order in which they came to count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.periods import Window
from webapp.domain.refunds import is_refunded_whole
from webapp.domain.registry import counting_of
from webapp.models import (
    Conversion,
    QualifiedFriend,
    Referral,
    Refund,
    RewardDecision,
    RewardRuleVersion,
    Screening,
)
from webapp.models.conversion import TIE_BREAK
from webapp.queries.conversions import Decided, decisions_of_many


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the order of events: its moment, and its event id among those of the same one."""

    at: datetime
    tie: str


@dataclass(frozen=True, slots=True)
class Qualified:
    """By which conversion a friend counts for a referrer, and where that stands."""

    friend_id: UUID
    referrer_id: UUID
    conversion_id: UUID
    place: Place


@dataclass(frozen=True, slots=True)
class Standing:
    """A conversion as it stands after refunds. `amount_minor` is None when none was reported."""

    id: UUID
    place: Place
    amount_minor: int | None
    refunded_minor: int
    refunds: int


def qualified(session: Session, rule_id: UUID, friend_id: UUID) -> Qualified | None:
    """Return by which conversion a friend counts under a rule; None when they do not."""
    row = session.execute(
        _QUALIFIED.where(QualifiedFriend.rule_id == rule_id, QualifiedFriend.friend_id == friend_id)
    ).one_or_none()
    return None if row is None else _qualified(*row)


def rules_of_friend(session: Session, friend_id: UUID) -> dict[UUID, Qualified]:
    """Return under which rules a friend counts, and by which conversion."""
    query = _QUALIFIED.add_columns(QualifiedFriend.rule_id).where(QualifiedFriend.friend_id == friend_id)
    rows = session.execute(query)
    return {row[-1]: _qualified(*row[:-1]) for row in rows}


def count_friends(
    session: Session, rule_id: UUID, referrer_id: UUID, window: Window, *, until: Place | None = None
) -> int:
    """Return how many friends count within a window, up to and including a place when one is given."""
    query = select(func.count()).where(*_of(rule_id, referrer_id, window))
    if until is not None:
        query = query.where(_not_after(until))
    return session.execute(query).scalar_one()


def count_doubted(
    session: Session,
    rule_id: UUID,
    referrer_id: UUID,
    window: Window,
    *,
    without: UUID,
    until: datetime | None = None,
) -> int:
    """Return how many of the friends who count within a window are held, or were rejected by a person.

    The friend `without` is left out, and so is whoever came to count after `until` when that is given.
    """
    doubted = (
        select(func.count())
        .select_from(Screening)
        .join(
            Referral,
            and_(
                Referral.program_id == Screening.program_id,
                Referral.friend_id == Screening.friend_id,
                Referral.bond == Screening.bond,
            ),
        )
        .join(QualifiedFriend, QualifiedFriend.friend_id == Screening.friend_id)
        .where(Screening.referrer_id == referrer_id, Screening.verdict != "clear", _IS_NEWEST)
        .where(QualifiedFriend.friend_id != without, *_of(rule_id, referrer_id, window))
    )
    if until is not None:
        doubted = doubted.where(QualifiedFriend.occurred_at <= until)
    return session.execute(doubted).scalar_one()


def nth_qualified(session: Session, rule_id: UUID, referrer_id: UUID, window: Window, number: int) -> Qualified | None:
    """Return the friend with a number, from 1, in the order in which they came to count; None when there are fewer."""
    row = session.execute(
        _QUALIFIED.where(*_of(rule_id, referrer_id, window)).order_by(*_ORDER).offset(number - 1).limit(1)
    ).one_or_none()
    return None if row is None else _qualified(*row)


def list_qualified(session: Session, rule_id: UUID, referrer_id: UUID, window: Window) -> list[Qualified]:
    """Return the friends who count within a window, in the order in which they came to."""
    rows = session.execute(_QUALIFIED.where(*_of(rule_id, referrer_id, window)).order_by(*_ORDER))
    return [_qualified(*row) for row in rows]


def conversions_between(
    session: Session, rule_id: UUID, referrer_id: UUID, window: Window, *, since: Place | None, until: Place | None
) -> list[UUID]:
    """Return the conversions of a referrer's friends about which a rule was asked, within a window and two places.

    `since` is inclusive, `until` exclusive; None is without that end.
    """
    where = [within(Conversion.occurred_at, window)]
    if since is not None:
        where.append(_from(since))
    if until is not None:
        where.append(~_from(until))
    rows = session.execute(
        select(Conversion.id)
        .join(Referral, and_(Referral.id == Conversion.referral_id, Referral.friend_id == Conversion.user_id))
        .where(Referral.referrer_id == referrer_id, _was_asked(rule_id), *where)
        .order_by(Conversion.occurred_at, TIE_BREAK, Conversion.id)
    )
    return list(rows.scalars())


def conversions_asked(session: Session, rule_id: UUID, *, friend_id: UUID | None = None) -> list[Standing]:
    """Return about what a rule was asked, of one friend or of all, as it stands, in the order in which it happened."""
    whose = _was_asked(rule_id) if friend_id is None else and_(Conversion.user_id == friend_id, _was_asked(rule_id))
    return sorted(_standing(session, whose), key=lambda one: (one.place, one.id))


def standing_of(session: Session, conversion_ids: Sequence[UUID]) -> list[Standing]:
    """Return conversions as they stand after refunds."""
    return _standing(session, Conversion.id.in_(conversion_ids))


def asked_of_friend(session: Session, rule_id: UUID, friend_id: UUID) -> list[tuple[Standing, Decided]]:
    """Return what a friend did about which a rule was asked, in the order in which it happened, and what it says."""
    standing = conversions_asked(session, rule_id, friend_id=friend_id)
    decisions = decisions_of_many(session, [one.id for one in standing], rule_id=rule_id)
    return [
        (one, decided)
        for one in standing
        for decided in decisions.get(one.id, [])
        if decided.version is not None and decided.version.rule_id == rule_id
    ]


def counts(decided: Decided, standing: Standing) -> bool:
    """Say whether a friend counts by a conversion: the rule is for it, and refunds leave something of that."""
    rule = decided.version.definition if decided.version else None
    if rule is None or counting_of(rule.settings) is None or not rule.qualifies(decided.facts):
        return False
    if is_refunded_whole(standing.amount_minor, standing.refunded_minor, standing.refunds):
        return False
    left = (standing.amount_minor or 0) - standing.refunded_minor
    return not standing.refunded_minor or rule.is_met_after_refunds(decided.facts, left)


def within(moment: Any, window: Window) -> ColumnElement[bool]:
    """Say of a column whether its moment is within a window."""
    ends = [moment == moment]
    if window.since is not None:
        ends.append(moment >= window.since)
    if window.until is not None:
        ends.append(moment < window.until)
    return and_(*ends[1:]) if ends[1:] else ends[0]


_QUALIFIED = select(
    QualifiedFriend.friend_id,
    QualifiedFriend.referrer_id,
    QualifiedFriend.conversion_id,
    QualifiedFriend.occurred_at,
    QualifiedFriend.tie,
)
_ORDER = (QualifiedFriend.occurred_at, QualifiedFriend.tie, QualifiedFriend.friend_id)
# Made once: SQLAlchemy makes an alias anew as slowly as all the rest of a question.
_NEWER = aliased(Screening)
_IS_NEWEST = ~exists().where(_NEWER.friend_id == Screening.friend_id, _NEWER.sequence > Screening.sequence)


def _qualified(friend_id: UUID, referrer_id: UUID, conversion_id: UUID, at: datetime, tie: str) -> Qualified:
    return Qualified(friend_id, referrer_id, conversion_id, Place(at, tie))


def _of(rule_id: UUID, referrer_id: UUID, window: Window) -> Sequence[ColumnElement[bool]]:
    here = (QualifiedFriend.rule_id == rule_id, QualifiedFriend.referrer_id == referrer_id)
    return (*here, within(QualifiedFriend.occurred_at, window))


def _not_after(place: Place) -> ColumnElement[bool]:
    same = and_(QualifiedFriend.occurred_at == place.at, QualifiedFriend.tie <= place.tie)
    return or_(QualifiedFriend.occurred_at < place.at, same)


def _from(place: Place) -> ColumnElement[bool]:
    return or_(Conversion.occurred_at > place.at, and_(Conversion.occurred_at == place.at, place.tie <= TIE_BREAK))


def _was_asked(rule_id: UUID) -> ColumnElement[bool]:
    versions = select(RewardRuleVersion.id).where(RewardRuleVersion.rule_id == rule_id)
    return exists().where(
        RewardDecision.conversion_id == Conversion.id, RewardDecision.rule_version_id.in_(versions.scalar_subquery())
    )


def _standing(session: Session, which: ColumnElement[bool]) -> list[Standing]:
    rows = session.execute(
        select(
            Conversion.id,
            Conversion.occurred_at,
            TIE_BREAK,
            Conversion.amount_minor,
            func.coalesce(func.sum(Refund.applied_minor - Refund.restored_minor), 0),
            func.count(Refund.id).filter(Refund.won_at.is_(None)),
        )
        .outerjoin(Refund, Refund.conversion_id == Conversion.id)
        .where(which)
        .group_by(Conversion.id)
    )
    return [
        Standing(id_, Place(at, tie), minor, int(refunded or 0), refunds)
        for id_, at, tie, minor, refunded, refunds in rows
    ]
