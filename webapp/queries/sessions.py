"""The browsers that somebody is signed in with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from webapp.models import UserSession

MOST = 50


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser. `browser` and `device` are families, None when the user agent did not tell."""

    id: UUID
    browser: str | None
    device: str | None
    created_at: datetime
    is_this: bool


def list_sessions(
    session: Session, user_id: UUID, own_hash: str | None, now: datetime, *, limit: int = MOST
) -> list[SessionRow]:
    """Return where somebody is signed in: the browser that asks, whose token has this hash, then the newest first."""
    is_this = UserSession.token_hash == (own_hash or "")
    rows = session.execute(
        select(UserSession.id, UserSession.browser, UserSession.device, UserSession.created_at, is_this)
        .where(_live(user_id, now))
        .order_by(is_this.desc(), UserSession.created_at.desc(), UserSession.id.desc())
        .limit(limit)
    )
    return [SessionRow(*row) for row in rows]


def find_session(
    session: Session, user_id: UUID, session_id: UUID, own_hash: str | None, now: datetime
) -> SessionRow | None:
    """Return one of the browsers that somebody is signed in with; None for anybody else's, and for one that is over."""
    row = session.get(UserSession, session_id)
    if row is None or row.user_id != user_id or row.ended_at is not None or row.expires_at <= now:
        return None
    return SessionRow(row.id, row.browser, row.device, row.created_at, row.token_hash == own_hash)


def count_other_sessions(session: Session, user_id: UUID, own_hash: str | None, now: datetime) -> int:
    """Return in how many browsers somebody is signed in beside the one that asks."""
    others = select(func.count()).where(_live(user_id, now), UserSession.token_hash != (own_hash or ""))
    return session.scalar(others) or 0


def _live(user_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.expires_at > now)
