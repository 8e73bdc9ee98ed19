"""Links."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key
from webapp.domain.periods import last_days
from webapp.models import Link, LinkDay, Program, User
from webapp.queries.figures import PERIOD_DAYS, Counted


@dataclass(frozen=True, slots=True)
class ListedLink:
    """A link with its figures: of the last 30 days, and in all."""

    id: UUID
    code: str
    label: str | None
    destination_url: str | None
    created_at: datetime
    retired_at: datetime | None
    recent: Counted
    total: Counted


def find_live_link(session: Session, program_id: UUID, code: str) -> Link | None:
    """Return the link with this code in whatever case; None when there is none or it is retired."""
    key = code_key(code)
    if key is None:
        return None
    return session.scalars(
        select(Link).where(Link.code_key == key, Link.program_id == program_id, Link.retired_at.is_(None))
    ).one_or_none()


def find_link_to_follow(session: Session, code: str) -> Link | None:
    """Return the link with this code whichever program it belongs to: a code is unique on the whole site.

    None when there is none or it is retired.
    """
    key = code_key(code)
    if key is None:
        return None
    return session.scalars(select(Link).where(Link.code_key == key, Link.retired_at.is_(None))).one_or_none()


_TO_FOLLOW = (
    select(
        *(Link.id, Link.program_id, Link.referrer_id, Link.code, Link.destination_url),
        *(Program.landing_url, Program.allowed_hosts, Program.time_zone, Program.window_days, Program.consent_mode),
    )
    .join(Program, Program.id == Link.program_id)
    .where(Link.code_key == bindparam("key"), Link.retired_at.is_(None))
)


def link_to_follow(connection: Connection, key: str) -> Any:
    """Return the same link by its `code_key`, as a row with what its clicks need of its program; None as above."""
    return connection.execute(_TO_FOLLOW, {"key": key}).one_or_none()


# The last one that works cannot be retired; should there be none all the same, the oldest stands for them.
_FIRST_OF = (
    select(Link)
    .where(Link.referrer_id == bindparam("referrer_id"))
    .order_by(Link.retired_at.is_not(None), Link.created_at, Link.id)
    .limit(1)
)


def first_link_of(session: Session, referrer_id: UUID) -> Link:
    """Return a person's oldest link that works: the one they got with their account, until they retire it."""
    return session.scalars(_FIRST_OF, {"referrer_id": referrer_id}).one()


def find_own_link(session: Session, referrer_id: UUID, link_id: UUID) -> Link | None:
    """Return a link of a person, retired or not; None when they have none with this id."""
    return session.scalars(select(Link).where(Link.id == link_id, Link.referrer_id == referrer_id)).one_or_none()


def count_live_links(session: Session, referrer_id: UUID) -> int:
    """Return how many links of a person work."""
    return session.scalar(select(func.count()).where(Link.referrer_id == referrer_id, Link.retired_at.is_(None))) or 0


def list_links(session: Session, referrer_id: UUID, today: date) -> list[ListedLink]:
    """Return the links of a person: those that work first, the oldest first, retired ones behind them."""
    since = last_days(today, PERIOD_DAYS)[0]
    kinds = (LinkDay.clicks, LinkDay.signups, LinkDay.purchases)
    recent = [func.coalesce(func.sum(case((LinkDay.day >= since, counts), else_=0)), 0) for counts in kinds]
    total = [func.coalesce(func.sum(counts), 0) for counts in kinds]
    rows = session.execute(
        select(Link, *recent, *total)
        .outerjoin(LinkDay, and_(LinkDay.link_id == Link.id, LinkDay.day <= today))
        .where(Link.referrer_id == referrer_id)
        .group_by(Link.id)
        .order_by(Link.retired_at.is_not(None), Link.created_at, Link.id)
    )
    return [
        ListedLink(
            id=link.id,
            code=link.code,
            label=link.label,
            destination_url=link.destination_url,
            created_at=link.created_at,
            retired_at=link.retired_at,
            recent=Counted(*map(int, counts[:3])),
            total=Counted(*map(int, counts[3:])),
        )
        for link, *counts in rows
    ]


def referrer_of(session: Session, link: Link) -> User:
    """Return the person who shares a link."""
    return session.get_one(User, link.referrer_id)
