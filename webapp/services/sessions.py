"""Signed-in browsers."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from webapp.models import SignInLink, User, UserSession
from webapp.services.audit import record_act
from webapp.services.sightings import UNSEEN, Seen

LIFETIME = timedelta(days=30)


def token_hash(token: str) -> str:
    """Return what is stored of a session's token."""
    return sha256(token.encode("utf-8")).hexdigest()


def start_session(session: Session, user: User, token: str, now: datetime, *, seen: Seen = UNSEEN) -> UserSession:
    """Sign a browser in. `token` is the secret that its cookie will carry, `seen` what the browser is."""
    row = UserSession(
        user_id=user.id,
        token_hash=token_hash(token),
        browser=seen.browser,
        device=seen.device,
        created_at=now,
        expires_at=now + LIFETIME,
    )
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


def end_session_of(session: Session, user_id: UUID, session_id: UUID, now: datetime) -> None:
    """End one of a person's own sessions."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_sessions_of(session: Session, person: User, *, by: UUID | None, now: datetime) -> int:
    """Sign a person out everywhere, at once. Returns in how many browsers they were signed in.

    A one-time link that would sign them in again is used up, too. `by` is who did it, None for the command line.
    """
    return _end(session, person, keep_token=None, by=by, now=now)


def end_other_sessions(session: Session, person: User, keep_token: str | None, now: datetime) -> int:
    """Sign a person out of every browser but the one that holds `keep_token`, as they asked. Returns of how many.

    The token of the browser that asks is `webapp.signed_in.browser_token()`.
    """
    return _end(session, person, keep_token=keep_token, by=person.id, now=now)


def _end(session: Session, person: User, *, keep_token: str | None, by: UUID | None, now: datetime) -> int:
    sessions, links = UserSession.__table__.c, SignInLink.__table__.c
    # Links first: one that is being used at this moment has its session when those are ended.
    used_up = session.connection().execute(
        update(SignInLink)
        .where(links.user_id == person.id, links.used_at.is_(None), links.expires_at > now)
        .values(used_at=now)
    )
    to_end = [sessions.user_id == person.id, sessions.ended_at.is_(None), sessions.expires_at > now]
    if keep_token is not None:
        to_end.append(sessions.token_hash != token_hash(keep_token))
    ended = session.connection().execute(update(UserSession).where(*to_end).values(ended_at=now))
    if ended.rowcount or used_up.rowcount:
        record_act(
            session,
            person.program_id,
            "sessions_ended",
            subject="user",
            subject_id=person.id,
            by=by,
            now=now,
            details={"sessions": ended.rowcount} | ({} if keep_token is None else {"kept": 1}),
        )
    return ended.rowcount


def forget_old_sessions(session: Session, now: datetime) -> int:
    """Delete sessions that ran out or were ended more than their lifetime ago. Returns how many."""
    over = delete(UserSession).where((UserSession.expires_at < now) | (UserSession.ended_at < now - LIFETIME))
    return session.connection().execute(over).rowcount
