"""Links that went to people by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import MailedLink


def last_mailed_at(session: Session, user_id: UUID, purpose: str) -> datetime | None:
    """Return when a person was last mailed a link for a purpose; None when never, or too long ago to be known."""
    mailed = select(func.max(MailedLink.created_at))
    return session.scalar(mailed.where(MailedLink.user_id == user_id, MailedLink.purpose == purpose))


def waiting_email(session: Session, user_id: UUID, now: datetime) -> str | None:
    """Return the address that a person asked for and has not confirmed yet; None when they asked for none."""
    waiting = select(MailedLink.email).where(MailedLink.user_id == user_id, MailedLink.purpose == "change_email")
    return session.scalar(waiting.where(MailedLink.ended_at.is_(None), MailedLink.expires_at > now))
