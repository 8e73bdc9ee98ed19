"""What is known of the people of a case, for whoever decides it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, union
from sqlalchemy.orm import Session, aliased

from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Click,
    Conversion,
    Link,
    ProgramDay,
    Referral,
    Refund,
    Reward,
    RewardEvent,
    RewardNote,
    Screening,
    ScreeningFinding,
    Sighting,
    User,
)
from webapp.queries.bans import is_banned
from webapp.queries.cases import CaseKey, friends_held_in
from webapp.queries.screenings import newest_verdict

# The rows of what is only there to be looked over.
SOME = 10


@dataclass(frozen=True, slots=True)
class CasePerson:
    """Somebody of a case, and how they came.

    `signup_id` is the decision about their signup, None for an account that was made by hand; `clicked_at` is the click
    that was credited for it, and `clicks` how often its browser opened links of the same referrer. `browser` and
    `device` are families, of where they were seen last or else of that click.
    """

    id: UUID
    name: str
    email: str
    mailbox: str
    since: datetime
    is_confirmed: bool
    is_banned: bool
    signup_id: UUID | None
    signed_up_at: datetime | None
    clicked_at: datetime | None
    clicks: int
    browser: str | None
    device: str | None
    orders: int
    sent_back: int


def people_of(session: Session, program_id: UUID, ids: Collection[UUID]) -> dict[UUID, CasePerson]:
    """Return these people of a program, each with how they came and what they bought."""
    one = aliased(Sighting)
    seen = (
        select(one.id)
        .where(one.user_id == User.id, one.browser.is_not(None))
        .order_by(one.seen_at.desc(), one.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    credited = and_(
        AttributionTouch.decision_id == AttributionDecision.id,
        AttributionTouch.outcome == "credited",
    )
    opened, through = aliased(Click), aliased(Link)
    clicks = (
        select(func.count())
        .select_from(opened)
        .join(through, through.id == opened.link_id)
        .where(opened.visitor_id == Click.visitor_id, through.referrer_id == AttributionTouch.referrer_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            User,
            is_banned(User.id),
            *(AttributionDecision.id, AttributionDecision.signed_up_at, Click.clicked_at, clicks),
            *(Sighting.browser, Sighting.device, Click.browser, Click.device),
            *(_orders_of(User.id), _orders_of(User.id, _went_back())),
        )
        .outerjoin(AttributionDecision, AttributionDecision.friend_id == User.id)
        .outerjoin(AttributionTouch, credited)
        .outerjoin(Click, Click.id == AttributionTouch.click_id)
        .outerjoin(Sighting, Sighting.id == seen)
        .where(User.program_id == program_id, User.id.in_(ids))
        # Of somebody with several signups, the last one counts.
        .order_by(User.id, AttributionDecision.signed_up_at)
    )
    return {
        row[0].id: CasePerson(
            id=row[0].id,
            name=row[0].name,
            email=row[0].email,
            mailbox=row[0].mailbox_key,
            since=row[0].created_at,
            is_confirmed=row[0].email_verified_at is not None,
            is_banned=bool(row[1]),
            signup_id=row[2],
            signed_up_at=row[3],
            clicked_at=row[4],
            clicks=row[5],
            browser=row[6] or row[8],
            device=row[7] if row[6] else row[9],
            orders=row[10],
            sent_back=row[11],
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class OtherFriend:
    """A friend of the referrer whose rewards are not held in the case. `verdict` is that of the newest look at them."""

    id: UUID
    name: str
    joined_at: datetime
    orders: int
    sent_back: int
    verdict: str | None


@dataclass(frozen=True, slots=True)
class OtherFriends:
    """The referrer's friends beside those of a case: the latest of them, and what all of them did."""

    latest: tuple[OtherFriend, ...]
    friends: int = 0
    buyers: int = 0
    orders: int = 0
    sent_back: int = 0


def other_friends(session: Session, program_id: UUID, key: CaseKey, *, limit: int = SOME) -> OtherFriends:
    """Return the friends whom a referrer has now beside those of the case, and what they bought."""
    each = (
        select(
            Referral.friend_id,
            Referral.bond,
            Referral.created_at,
            _orders_of(Referral.friend_id).label("orders"),
            _orders_of(Referral.friend_id, _went_back()).label("sent_back"),
        )
        .where(
            Referral.program_id == program_id,
            Referral.referrer_id == key.referrer_id,
            Referral.friend_id.not_in(friends_held_in(program_id, key)),
        )
        .subquery()
    )
    one = each.c
    rows = session.execute(
        select(
            *(User.id, User.name, one.created_at, one.orders, one.sent_back, newest_verdict(one.friend_id, one.bond)),
            func.count().over(),
            *(func.sum(total).over() for total in (case((one.orders > 0, 1), else_=0), one.orders, one.sent_back)),
        )
        .join(User, User.id == one.friend_id)
        .order_by(one.created_at.desc(), one.friend_id.desc())
        .limit(limit)
    ).all()
    latest = tuple(OtherFriend(*row[:6]) for row in rows)
    return OtherFriends(latest, *map(int, rows[0][6:])) if rows else OtherFriends(latest)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a case is measured against: the program's orders, and those who were held for the same and decided."""

    orders: int
    sent_back: int
    decided: int
    released: int


def compare(session: Session, program_id: UUID, signals: Collection[str]) -> Comparison:
    """Count the orders of a program, those that were sent back, and what people made of friends with these findings."""
    orders = select(func.sum(ProgramDay.purchases)).where(ProgramDay.program_id == program_id)
    back = select(func.count(Conversion.id)).where(
        Conversion.id.in_(select(Refund.conversion_id).where(Refund.program_id == program_id)),
        Conversion.type == "purchase",
        _went_back(),
    )
    decided, released = (
        _decided(program_id, signals, verdict).scalar_subquery() if signals else literal(0)
        for verdict in (None, "clear")
    )
    row = session.execute(select(orders.scalar_subquery(), back.scalar_subquery(), decided, released)).one()
    return Comparison(*(int(number or 0) for number in row))


def _decided(program_id: UUID, signals: Collection[str], verdict: str | None) -> Any:
    """Return a query that counts the friends with all these findings of whom the last word was a person's."""
    person, later = aliased(Screening), aliased(Screening)
    query = (
        select(func.count())
        .select_from(Screening)
        .join(person, person.friend_id == Screening.friend_id)
        .where(
            *(Screening.program_id == program_id, Screening.sequence == 1, person.decided_by.is_not(None)),
            ~exists().where(later.friend_id == person.friend_id, later.sequence > person.sequence),
        )
    )
    for signal in sorted(signals):
        found = (ScreeningFinding.screening_id == Screening.id, ScreeningFinding.signal == signal)
        query = query.where(exists().where(*found))
    return query if verdict is None else query.where(person.verdict == verdict)


@dataclass(frozen=True, slots=True)
class RefusedFriend:
    """Somebody who signed up through the referrer and for whom a proof says that nothing is paid."""

    id: UUID
    name: str
    at: datetime
    signal: str
    saw: dict[str, Any]


def refused_friends(
    session: Session, program_id: UUID, referrer_id: UUID, *, limit: int = SOME
) -> tuple[list[RefusedFriend], int]:
    """Return whom proofs refused as friends of a referrer, the latest first, and how many there are in all."""
    one = aliased(ScreeningFinding)
    # Who comes back as their own friend had an account too, of course.
    most_telling = (
        select(one.position)
        .where(one.screening_id == Screening.id, one.denies)
        .order_by(case((one.signal == "same_person", 0), else_=1), one.position)
        .limit(1)
        .scalar_subquery()
        .correlate(Screening)
    )
    proof = and_(ScreeningFinding.screening_id == Screening.id, ScreeningFinding.position == most_telling)
    rows = session.execute(
        select(
            *(Screening.friend_id, User.name, Screening.screened_at, ScreeningFinding.signal, ScreeningFinding.saw),
            func.count().over(),
        )
        .select_from(Screening)
        .join(ScreeningFinding, proof)
        .join(User, User.id == Screening.friend_id)
        .where(
            *(Screening.program_id == program_id, Screening.referrer_id == referrer_id),
            *(Screening.verdict == "deny", Screening.decided_by.is_(None)),
        )
        .order_by(Screening.screened_at.desc(), Screening.id.desc())
        .limit(limit)
    ).all()
    return [RefusedFriend(*row[:5]) for row in rows], rows[0][5] if rows else 0


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided at one moment about `rewards` of the referrer or their friends."""

    at: datetime
    by: str | None
    status: str
    reason: str
    rewards: int
    note: str | None


def decisions_about(session: Session, program_id: UUID, referrer_id: UUID, *, limit: int = SOME) -> Sequence[Decided]:
    """Return what people decided about rewards for what a referrer's friends did, the latest first."""
    of_friends = (
        select(Reward.id)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .join(Referral, and_(Referral.program_id == Conversion.program_id, Referral.friend_id == Conversion.user_id))
        .where(Referral.referrer_id == referrer_id)
    )
    ids = union(select(Reward.id).where(Reward.beneficiary_id == referrer_id), of_friends)
    rows = session.execute(
        select(
            *(RewardEvent.at, User.name, RewardEvent.status, RewardEvent.reason, func.count()),
            func.max(RewardNote.text),
        )
        .select_from(RewardEvent)
        .join(Reward, Reward.id == RewardEvent.reward_id)
        .outerjoin(User, User.id == RewardEvent.actor_id)
        .outerjoin(
            RewardNote,
            and_(RewardNote.reward_id == RewardEvent.reward_id, RewardNote.sequence == RewardEvent.sequence),
        )
        .where(
            *(Reward.id.in_(ids), Reward.program_id == program_id, RewardEvent.actor == "person"),
            # Of holds those with a word why.
            or_(
                and_(RewardEvent.status.in_(("pending", "approved", "rejected")), RewardEvent.sequence > 1),
                RewardNote.text.is_not(None),
            ),
        )
        .group_by(RewardEvent.at, RewardEvent.actor_id, User.name, RewardEvent.status, RewardEvent.reason)
        .order_by(RewardEvent.at.desc(), RewardEvent.status)
        .limit(limit)
    )
    return [Decided(*row) for row in rows]


def _orders_of(user_id: Any, *wanted: ColumnElement[bool]) -> Any:
    """Return the part of a query that counts somebody's purchases."""
    orders = select(func.count(Conversion.id)).where(
        Conversion.user_id == user_id, Conversion.type == "purchase", *wanted
    )
    return orders.scalar_subquery()


def _went_back() -> ColumnElement[bool]:
    """Return the part of a query that tells whether anything of an order went back and stayed there."""
    return (
        exists()
        .where(Refund.conversion_id == Conversion.id, Refund.applied_minor - Refund.restored_minor > 0)
        .correlate(Conversion)
    )
