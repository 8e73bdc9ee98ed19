"""Signed-in browsers."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from webapp.models import User, UserSession

LIFETIME = timedelta(days=30)


def token_hash(token: str) -> str:
    """Return what is stored of a session's token."""
    return sha256(token.encode("utf-8")).hexdigest()


def start_session(session: Session, user: User, token: str, now: datetime) -> UserSession:
    """Sign a browser in. `token` is the secret that its cookie will carry."""
    row = UserSession(user_id=user.id, token_hash=token_hash(token), created_at=now, expires_at=now + LIFETIME)
    session.add(row)
    session.flush()
    return row


def end_session(session: Session, token: str, now: datetime) -> None:
    """End a session from the server's side; its cookie is worth nothing from then on."""
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash(token), UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def forget_old_sessions(session: Session, now: datetime) -> int:
    """Delete sessions that ran out or were ended more than their lifetime ago. Returns how many."""
    over = delete(UserSession).where((UserSession.expires_at < now) | (UserSession.ended_at < now - LIFETIME))
    return session.connection().execute(over).rowcount
