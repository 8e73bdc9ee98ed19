"""Links."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key
from webapp.models import Link, User


def find_live_link(session: Session, program_id: UUID, code: str) -> Link | None:
    """Return the link with this code in whatever case; None when there is none or it is retired."""
    key = code_key(code)
    if key is None:
        return None
    return session.scalars(
        select(Link).where(Link.code_key == key, Link.program_id == program_id, Link.retired_at.is_(None))
    ).one_or_none()


def first_link_of(session: Session, referrer_id: UUID) -> Link:
    """Return the link that a person got with their account."""
    return session.scalars(
        select(Link).where(Link.referrer_id == referrer_id).order_by(Link.created_at, Link.id).limit(1)
    ).one()


def referrer_of(session: Session, link: Link) -> User:
    """Return the person who shares a link."""
    return session.get_one(User, link.referrer_id)
