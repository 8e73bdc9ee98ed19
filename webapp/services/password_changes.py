"""Setting a password, by whoever knows the one before or has the mailbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import PasswordRequest, User
from webapp.services.audit import record_act
from webapp.services.email_addresses import note_that_mail_arrives
from webapp.services.mail_limits import MailedTooOftenError, check_mail_limit
from webapp.services.mailed_links import LIFETIMES, end_links, lock_owner, mail_link, use_link
from webapp.services.outbox import queue_mail
from webapp.services.sessions import end_sessions_of

CHANGED = "password_changed"


def request_password(session: Session, program_id: UUID, email_key: str, now: datetime) -> None:
    """Keep that somebody asked for a link to set a password, without looking whose address it is."""
    session.add(PasswordRequest(program_id=program_id, email_key=email_key, requested_at=now))
    session.flush()


def answer_request(session: Session, request: PasswordRequest, *, link_id: UUID, token: str, now: datetime) -> bool:
    """Mail the link, if there is an account to mail it to, and forget the request. Returns whether a mail goes out.

    The link is good from the moment of the request. Nobody is mailed more often than MOST allows, and nobody learns
    that they would have been.
    """
    user = session.scalars(
        select(User).where(User.email_key == request.email_key, User.erased_at.is_(None))
    ).one_or_none()
    at, mailed = request.requested_at, False
    session.delete(request)
    session.flush()
    if user is not None and at + LIFETIMES["reset_password"] > now:
        try:
            mail_password_link(session, user, link_id=link_id, token=token, now=at)
            mailed = True
        except MailedTooOftenError:
            pass
    return mailed


def mail_password_link(session: Session, user: User, *, link_id: UUID, token: str, now: datetime) -> None:
    """Mail somebody a link with which they set a password, their first one perhaps. Raises MailedTooOftenError."""
    check_mail_limit(session, user, "reset_password", now=now)
    mail_link(session, user, "reset_password", link_id=link_id, token=token, now=now)


def reset_password(session: Session, token: str, password_hash: str, now: datetime) -> User | None:
    """Use such a link up and return whose password it has set; None when it is not good any more.

    The mail has arrived, so the address counts as verified.
    """
    user = lock_owner(session, "reset_password", token, now)
    if user is None or use_link(session, "reset_password", token, now) is None:
        return None
    note_that_mail_arrives(session, user, now)
    set_password(session, user, password_hash, now)
    return user


def set_password(session: Session, user: User, password_hash: str, now: datetime) -> None:
    """Set a person's password. They are signed out everywhere, links of before are worth nothing, and a mail tells."""
    user.password_hash = password_hash
    # First: whoever signs in with the one before at this moment is done, and signed out again, or waits and is refused.
    session.flush()
    end_links(session, user.id, "reset_password", "change_email", now=now)
    end_sessions_of(session, user, by=user.id, now=now)
    record_act(session, user.program_id, "password_changed", subject="user", subject_id=user.id, by=user.id, now=now)
    # To the address of now, which a thief may change before the mail leaves.
    # Somebody else's address, perhaps, gets no mail each time that whoever typed it changes their password.
    moment = now.isoformat() if user.email_verified_at else f"{now:%Y-%m-%d}"
    changed = f"{CHANGED}:{user.id}:{moment}"
    queue_mail(session, user, CHANGED, dedupe_key=changed, email=user.email, now=now)
