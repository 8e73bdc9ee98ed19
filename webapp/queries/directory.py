"""The people of a program as an admin looks for them, and one of them as a whole."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key
from webapp.models import Link, LinkDay, Referral, User, UserSession
from webapp.queries.invitations import Invitation, invitations_of, is_invited, newest_of
from webapp.queries.paging import older_than

PAGE = 50
MOST_LINKS = 20


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of the list; `friends` joined through them.

    `invited_until` is until when the invitation is good that they have still to accept; None for who has none.
    `is_unreached` says that its mail was given up.
    """

    id: UUID
    name: str
    external_id: str | None
    role: str
    created_at: datetime
    friends: int
    invited_until: datetime | None
    is_unreached: bool


def list_people(
    session: Session,
    program_id: UUID,
    *,
    role: str | None = None,
    named: str = "",
    invited: bool = False,
    before: UUID | None = None,
    limit: int = PAGE,
) -> tuple[list[PersonRow], UUID | None]:
    """Return people, the newest first, and where the next page begins.

    `named` is a part of the name, or all of what the business calls the person; `invited` leaves only those who have
    still to accept an invitation. `before` is the cursor that the page
    before answered with; any other raises UnknownCursorError.
    """
    whose = User.program_id == program_id
    if role is not None:
        whose = and_(whose, User.role == role)
    if named:
        whose = and_(whose, or_(User.name.icontains(named, autoescape=True), User.external_id == named))
    if invited:
        whose = and_(whose, is_invited())
    query = select(User.id, User.name, User.external_id, User.role, User.created_at).where(whose)
    if before is not None:
        query = query.where(older_than(session, User.created_at, User.id, before, of=whose))
    found = session.execute(query.order_by(User.created_at.desc(), User.id.desc()).limit(limit + 1)).all()
    ids = [row.id for row in found]
    friends, invitations = _friends_of(session, ids), invitations_of(session, ids)
    rows = [PersonRow(*row, friends.get(row.id, 0), *invitations.get(row.id, (None, False))) for row in found]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def count_people(session: Session, program_id: UUID) -> dict[str, int]:
    """Return how many people have each role; roles of nobody are missing."""
    counted = select(User.role, func.count()).where(User.program_id == program_id).group_by(User.role)
    return {row[0]: row[1] for row in session.execute(counted)}


def find_named(session: Session, program_id: UUID, named: str) -> UUID | None:
    """Return the one person who is called exactly this by their e-mail address or by the business; None for nobody."""
    called = [User.external_id == named]
    try:
        called.append(User.email_key == address_key(named))
    except ValueError:
        pass
    found = session.scalars(select(User.id).where(User.program_id == program_id, or_(*called)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def find_person(session: Session, program_id: UUID, person_id: UUID) -> User | None:
    """Return a person of a program; None when it has none with this id."""
    return session.scalars(select(User).where(User.id == person_id, User.program_id == program_id)).one_or_none()


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with what came of it."""

    id: UUID
    code: str
    label: str | None
    destination_url: str | None
    retired_at: datetime | None
    clicks: int
    signups: int


def links_of(session: Session, person_id: UUID, *, limit: int = MOST_LINKS) -> list[LinkRow]:
    """Return a person's links with their counts, the busiest first."""
    clicks, signups = (func.coalesce(func.sum(counts), 0) for counts in (LinkDay.clicks, LinkDay.signups))
    rows = session.execute(
        select(Link.id, Link.code, Link.label, Link.destination_url, Link.retired_at, clicks, signups)
        .outerjoin(LinkDay, LinkDay.link_id == Link.id)
        .where(Link.referrer_id == person_id)
        .group_by(Link.id, Link.code, Link.label, Link.destination_url, Link.retired_at, Link.created_at)
        .order_by(clicks.desc(), Link.created_at, Link.id)
        .limit(limit)
    )
    return [
        LinkRow(link_id, code, label, destination_url, retired_at, int(clicked), int(joined))
        for link_id, code, label, destination_url, retired_at, clicked, joined in rows
    ]


@dataclass(frozen=True, slots=True)
class Account:
    """How many friends somebody has, in how many browsers they are signed in, and what they have still to accept."""

    friends: int
    sessions: int
    invitation: Invitation | None


def account_of(session: Session, person_id: UUID, now: datetime) -> Account:
    """Return what hangs on an account, asked at once."""
    live = and_(UserSession.user_id == person_id, UserSession.ended_at.is_(None), UserSession.expires_at > now)
    friends = select(func.count().label("friends")).where(Referral.referrer_id == person_id).subquery()
    sessions = select(func.count().label("sessions")).where(live).subquery()
    invitation = newest_of(person_id).subquery()
    row = session.execute(
        select(friends.c.friends, sessions.c.sessions, *invitation.c)
        .select_from(friends)
        .join(sessions, true())
        .outerjoin(invitation, true())
    ).one()
    return Account(row[0], row[1], Invitation(*row[2:]) if row[2] else None)


def _friends_of(session: Session, people: list[UUID]) -> dict[UUID, int]:
    counted = select(Referral.referrer_id, func.count()).where(Referral.referrer_id.in_(people))
    return {row[0]: row[1] for row in session.execute(counted.group_by(Referral.referrer_id))}
