"""What fraud signals look at, gathered at once when a referred friend signs up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from webapp.domain.evidence import Evidence, Pace, Together, Traffic
from webapp.domain.mail_likeness import mail_likeness
from webapp.domain.periods import local_day
from webapp.models import Click, Link, LinkDay, Referral, Sighting, User
from webapp.queries.screenings import newest_verdict
from webapp.queries.track_records import Record, sent_back, signed_up, sources_of

NEAR = timedelta(hours=24)
BURST = timedelta(days=7)
# Nobody looks further up than this for a circle.
FURTHEST = 10
# By so many days a referrer's own pace is known; before, there is none.
USUAL_DAYS = 90
_MINUTE = timedelta(minutes=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


# What is asked of every friend is written once: to write it takes longer than to ask it.
def _friends_of_a_day() -> Select[int, int, int, int, int]:
    verdict = newest_verdict(Referral.friend_id, Referral.bond)
    # Who is held is beyond the number already: whoever floods a code does not let the others of it be held.
    counts = and_(Referral.friend_id != bindparam("friend_id"), func.coalesce(verdict, "clear") == "clear")
    return (
        select(
            func.count().filter(counts, Referral.created_at > bindparam("an_hour_ago")),
            func.count().filter(counts),
            func.count(),
            func.count(Sighting.network_hash),
            func.count(Sighting.network_hash.distinct()),
        )
        .outerjoin(Sighting, and_(Sighting.user_id == Referral.friend_id, Sighting.is_signup))
        .where(
            Referral.referrer_id == bindparam("referrer_id"),
            Referral.created_at > bindparam("a_day_ago"),
            Referral.created_at <= bindparam("at"),
        )
    )


_OF_REFERRER = LinkDay.referrer_id == bindparam("referrer_id")
_FRIENDS_OF_A_DAY = _friends_of_a_day()
_VISITORS = select(func.sum(LinkDay.visitors)).where(
    _OF_REFERRER, LinkDay.day.between(bindparam("since"), bindparam("until"))
)
_FIRST_DAY = select(func.min(LinkDay.day)).where(_OF_REFERRER)
_ALL_TRAFFIC = select(func.coalesce(func.sum(LinkDay.clicks), 0), func.coalesce(func.sum(LinkDay.signups), 0)).where(
    _OF_REFERRER
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A person who has just signed up after they came across a referrer's link, and how.

    `hashes` are as in services.sightings.Seen, the mailboxes as of
    domain.mailbox; `known_since` is when the mailbox first had an account
    before this one, `began_at` when the signup page was opened.
    """

    program_id: UUID
    time_zone: str
    friend_id: UUID
    referrer_id: UUID
    link_id: UUID
    at: datetime
    friend_mailbox: str
    referrer_mailbox: str
    known_since: datetime | None
    first_touch_at: datetime | None
    click_id: UUID | None
    visitor_id: UUID | None
    browser: str | None
    device: str | None
    hashes: Sequence[tuple[bytes | None, bytes | None]]
    began_at: datetime | None = None


def evidence_of(session: Session, arrived: Arrived, *, throwaway_domain: str | None) -> Evidence:
    """Return what is known of somebody who has been recorded already, with their referral if there is one."""
    click = session.get(Click, arrived.click_id) if arrived.click_id else None
    visitors = _visitors(arrived, click)
    about = Record(arrived.program_id, arrived.referrer_id, arrived.time_zone, arrived.at)
    return Evidence(
        at=arrived.at,
        clicked_at=click.clicked_at if click else None,
        first_touch_at=arrived.first_touch_at,
        began_at=arrived.began_at,
        known_since=arrived.known_since,
        other_referrer_since=_other_referrer_since(session, arrived) if arrived.known_since else None,
        same_account=arrived.friend_id == arrived.referrer_id,
        same_mailbox=arrived.friend_mailbox == arrived.referrer_mailbox,
        likeness=mail_likeness(arrived.friend_mailbox, arrived.referrer_mailbox),
        throwaway_domain=throwaway_domain,
        referrer_signed_in_at=_referrer_in_this_browser(session, arrived, visitors),
        together=_together(session, arrived),
        pace=_pace(session, arrived),
        from_origin=_from_origin(session, arrived),
        strangers=_strangers(session, arrived),
        traffic=_traffic(session, arrived, click),
        source_host=click.source_host if click else None,
        steps_to_friend=_steps_to_friend(session, arrived, visitors),
        sent_back=sent_back(session, about),
        signed_up=signed_up(session, about),
        sources=sources_of(session, about, arrived.link_id),
    )


def _other_referrer_since(session: Session, arrived: Arrived) -> datetime | None:
    """Return since when the mailbox had been the friend of somebody, under another account."""
    return session.scalar(
        select(func.min(Referral.created_at))
        .join(User, and_(User.id == Referral.friend_id, User.program_id == Referral.program_id))
        .where(
            User.program_id == arrived.program_id,
            User.mailbox_key == arrived.friend_mailbox,
            User.id != arrived.friend_id,
        )
    )


def _visitors(arrived: Arrived, click: Click | None) -> set[UUID]:
    """Return the browsers that the person came with: one clicked, and another one may have signed up."""
    return {visitor for visitor in (arrived.visitor_id, click.visitor_id if click else None) if visitor}


def _referrer_in_this_browser(session: Session, arrived: Arrived, visitors: set[UUID]) -> datetime | None:
    if not visitors:
        return None
    seen = select(func.max(Sighting.seen_at)).where(
        Sighting.user_id == arrived.referrer_id, Sighting.visitor_id.in_(visitors)
    )
    return session.scalar(seen)


def _steps_to_friend(session: Session, arrived: Arrived, visitors: set[UUID]) -> int | None:
    """Return how many referrals lead up from the referrer to somebody who was signed in with this browser."""
    others = (Sighting.visitor_id.in_(visitors), Sighting.user_id.not_in([arrived.friend_id, arrived.referrer_id]))
    signed_in = set(session.scalars(select(Sighting.user_id).where(*others).distinct())) if visitors else set()
    person: UUID | None = arrived.referrer_id if signed_in else None
    for steps in range(1, FURTHEST + 1):
        person = person and session.scalar(select(User.referred_by).where(User.id == person))
        if person in signed_in:
            return steps
    return None


def _together(session: Session, arrived: Arrived) -> Together | None:
    """Return where the referrer was seen nearest to the friend, on the same address or network, within a day."""
    rows = session.execute(
        select(Sighting.seen_at, Sighting.address_hash, Sighting.browser, Sighting.device).where(
            Sighting.user_id == arrived.referrer_id,
            Sighting.seen_at.between(arrived.at - NEAR, arrived.at + NEAR),
            _same_origin(arrived),
        )
    ).all()
    addresses = {address for address, _network in arrived.hashes if address}
    found = [
        Together(
            apart=abs(arrived.at - row.seen_at),
            address=row.address_hash in addresses,
            network=True,
            browser=row.browser is not None and (row.browser, row.device) == (arrived.browser, arrived.device),
        )
        for row in rows
    ]
    # The one that says most, and of those the nearest.
    return min(found, key=lambda one: (not one.browser, not one.address, one.apart), default=None)


def _same_origin(arrived: Arrived) -> ColumnElement[bool]:
    # Who has the same address is on the same network; and networks have an index.
    return Sighting.network_hash.in_({network for _address, network in arrived.hashes if network})


def _pace(session: Session, arrived: Arrived) -> Pace:
    """Count the referrer's other friends in the hour and the day before, and see whether they are a following."""
    before = arrived.at
    values = {
        "friend_id": arrived.friend_id,
        "referrer_id": arrived.referrer_id,
        "at": before,
        "an_hour_ago": before - _HOUR,
        "a_day_ago": before - _DAY,
    }
    hour, day, friends, known, networks = session.execute(_FRIENDS_OF_A_DAY, values).one()
    today = local_day(before, arrived.time_zone)
    opened = {"referrer_id": arrived.referrer_id, "since": today - _DAY, "until": today}
    return Pace(
        hour,
        day,
        _usual_day(session, arrived),
        visitors=int(session.scalar(_VISITORS, opened) or 0) // max(1, friends),
        spread=100 * networks // known if known else None,
    )


def _usual_day(session: Session, arrived: Arrived) -> int | None:
    """Return what 99 of 100 of the referrer's days before today stay within."""
    today = local_day(arrived.at, arrived.time_zone)
    first = session.scalar(_FIRST_DAY, {"referrer_id": arrived.referrer_id})
    if first is None or (today - first).days < USUAL_DAYS:
        return None
    since = today - timedelta(days=USUAL_DAYS)
    by_day = (
        select(func.sum(LinkDay.signups))
        .where(LinkDay.referrer_id == arrived.referrer_id, LinkDay.day >= since, LinkDay.day < today)
        .group_by(LinkDay.day)
    )
    signups = sorted(int(number or 0) for number in session.scalars(by_day))
    of_all = [0] * (USUAL_DAYS - len(signups)) + signups
    return of_all[ceil(0.99 * USUAL_DAYS) - 1]


def _from_origin(session: Session, arrived: Arrived) -> int | None:
    """Count other referred friends who signed up from the same address or network in the days before."""
    if not any(any(pair) for pair in arrived.hashes):
        return None
    return session.scalar(
        select(func.count(Sighting.user_id.distinct()))
        .join(Referral, and_(Referral.friend_id == Sighting.user_id, Referral.program_id == arrived.program_id))
        .where(
            Sighting.is_signup,
            Sighting.user_id != arrived.friend_id,
            Sighting.seen_at > arrived.at - BURST,
            _same_origin(arrived),
        )
    )


def _strangers(session: Session, arrived: Arrived) -> int | None:
    """Count the people at the address or network who were here before and have nothing to do with the referrer."""
    if not any(any(pair) for pair in arrived.hashes):
        return None
    return session.scalar(
        select(func.count(Sighting.user_id.distinct()))
        .join(User, User.id == Sighting.user_id)
        .where(
            Sighting.seen_at > arrived.at - BURST,
            Sighting.seen_at <= arrived.at,
            _same_origin(arrived),
            # An account is quickly made; to have had it for a while is dearer.
            User.created_at <= arrived.at - BURST,
            User.id.not_in((arrived.friend_id, arrived.referrer_id)),
            User.referred_by.is_distinct_from(arrived.referrer_id),
        )
    )


def _traffic(session: Session, arrived: Arrived, click: Click | None) -> Traffic:
    clicks, signups = session.execute(_ALL_TRAFFIC, {"referrer_id": arrived.referrer_id}).one()
    in_a_minute = None
    if click is not None and click.address_hash is not None:
        in_a_minute = session.scalar(
            select(func.count())
            .select_from(Click)
            .join(Link, Link.id == Click.link_id)
            .where(
                Click.program_id == arrived.program_id,
                Click.clicked_at > click.clicked_at - _MINUTE,
                Click.clicked_at < click.clicked_at + _MINUTE,
                Click.address_hash == click.address_hash,
                Link.referrer_id == arrived.referrer_id,
            )
        )
    return Traffic(int(clicks), int(signups), in_a_minute)
