"""Mail that waits to be sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.mail_kinds import OPTIONAL, Unsent, is_muted
from webapp.domain.mailbox import is_sandbox_address
from webapp.ids import new_id
from webapp.models import OutboxMail, User

# After how long a failed mail is tried again; after the last one it is given up. About 72 hours in all.
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60, 25 * 60))
TRIES = len(RETRY_AFTER) + 1
# How long a claimed mail belongs to the process that claimed it.
CLAIM = timedelta(minutes=2)


def queue_mail(
    session: Session, user: User, template: str, *, dedupe_key: str, email: str | None = None, now: datetime
) -> UUID | None:
    """Queue a mail, once for each `dedupe_key`; none for people of the sandbox, or who turned this kind off.

    `email` is where it goes instead of the person's address of the moment when it leaves. Returns the id of the mail,
    None when none was queued. A key holds until the mail is forgotten, see services.forgotten_mails.
    """
    if is_sandbox_address(user.email_key) or is_muted(template, user.muted_mails):
        return None
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    mail = {"id": new_id(), "user_id": user.id, "template": template, "dedupe_key": dedupe_key, "email": email}
    queued: UUID | None = session.scalar(
        dialect.insert(OutboxMail)
        .values(**mail, created_at=now, due_at=now, tries=0)
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(OutboxMail.id)
    )
    return queued


def due_mails(session: Session, now: datetime, *, limit: int) -> list[UUID]:
    """Return the mails that are due, the longest waiting first.

    What people can turn off comes after what they wait for: a thousand digests hold up nobody's new password.
    """
    can_wait = case((OutboxMail.template.in_(OPTIONAL), 1), else_=0)
    return list(
        session.scalars(
            select(OutboxMail.id)
            .where(OutboxMail.ended_at.is_(None), OutboxMail.due_at <= now)
            .order_by(can_wait, OutboxMail.due_at, OutboxMail.id)
            .limit(limit)
        )
    )


def mails_waiting(session: Session) -> int:
    """Return how many mails have neither left nor been given up."""
    return session.scalar(select(func.count()).select_from(OutboxMail).where(OutboxMail.ended_at.is_(None))) or 0


def claim_mail(session: Session, mail_id: UUID, now: datetime) -> bool:
    """Take a mail for sending. False when another process was quicker, or when it has had its last try.

    A mail that ends the process which sends it is never put back; its claims are counted all the same.
    """
    waits = (OutboxMail.id == mail_id, OutboxMail.ended_at.is_(None), OutboxMail.due_at <= now)
    over = {"ended_at": now, "email": None, "unsent_because": "tries"}
    session.execute(update(OutboxMail).where(*waits, OutboxMail.tries >= TRIES).values(**over))
    claim = update(OutboxMail).where(*waits).values(due_at=now + CLAIM, tries=OutboxMail.tries + 1)
    return session.connection().execute(claim).rowcount == 1


def drop_mail(session: Session, mail_id: UUID, now: datetime, *, because: Unsent = "over") -> None:
    """Give up a mail before its last try: by itself it has nothing to say any more."""
    over = {"ended_at": now, "email": None, "unsent_because": because}
    session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(**over))


def mark_sent(session: Session, mail_id: UUID, now: datetime) -> None:
    """Note that a claimed mail has left."""
    session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(sent_at=now, ended_at=now, email=None))


def mark_failed(session: Session, mail_id: UUID, now: datetime, *, jitter: Callable[[], float]) -> bool:
    """Put a claimed mail back for a later try, or give it up. Returns whether it will be tried again.

    `jitter` answers with a number from 0 to 1; up to a fifth of the wait is added.
    """
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        # Its reader was erased meanwhile, or the invitation that it carries withdrawn.
        return False
    if mail.tries >= TRIES:
        drop_mail(session, mail_id, now, because="tries")
        return False
    mail.due_at = now + RETRY_AFTER[mail.tries - 1] * (1 + 0.2 * jitter())
    session.flush()
    return True
