"""How often links are mailed: to a person and to a mailbox, however many accounts and networks ask for them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.mailbox import mailbox_key
from webapp.models import FormerMailbox, MailedLink, User
from webapp.services.mailed_links import LIFETIMES
from webapp.services.queues import queue_for

# Of one purpose.
MOST, PERIOD = 3, timedelta(hours=1)


class MailedTooOftenError(Exception):
    """As many links as may be have been mailed lately; the next may be after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("as many links as may be have been mailed lately")
        self.wait = wait


def check_mail_limit(session: Session, user: User, purpose: str, *, email: str | None = None, now: datetime) -> None:
    """Raise MailedTooOftenError when no further link for this purpose may be mailed yet.

    `email` is where it would go, None for the person's own address. All spellings of a mailbox count together, so
    that nobody is flooded by accounts that differ in a tag. Whoever has shown that the mailbox is theirs is counted by
    themselves, or others could use up, with accounts of such spellings, what they need to get in again.
    """
    mailbox = mailbox_key(email or user.email)
    queue_for(session, user.program_id, f"links:{user.id}", f"mailbox:{mailbox}")
    links = select(MailedLink.created_at, MailedLink.user_id, MailedLink.email).where(
        MailedLink.purpose == purpose, MailedLink.expires_at > now - PERIOD + LIFETIMES[purpose]
    )
    if email is None and user.email_verified_at is not None:
        links = links.where(MailedLink.user_id == user.id)
    elif email is None:
        # What went to the mailbox went to whose it is or was: found by them, however many join in the same hour.
        links = links.where(MailedLink.user_id.in_(_people_at(user, mailbox)))
    lately = session.execute(links)
    times = sorted(at for at, user_id, to in lately if user_id == user.id or mailbox_key(to) == mailbox)
    if len(times) >= MOST and not _is_needed(session, user, purpose, now):
        raise MailedTooOftenError(times[-MOST] + PERIOD - now)


def _is_needed(session: Session, user: User, purpose: str, now: datetime) -> bool:
    """Say whether without another mail an owner could not get in again, because somebody asks for mails all the time.

    A link to set a password is good for half an hour: three of them at once would else be none for the other half.
    """
    if purpose != "reset_password" or user.email_verified_at is None:
        return False
    left = select(MailedLink.id).where(MailedLink.user_id == user.id, MailedLink.purpose == purpose)
    left = left.where(MailedLink.ended_at.is_(None), MailedLink.expires_at > now)
    return session.scalar(left.limit(1)) is None


def _people_at(user: User, mailbox: str) -> CompoundSelect[Any]:
    return union_all(
        select(User.id).where(User.id == user.id),
        select(User.id).where(User.mailbox_key == mailbox),
        select(FormerMailbox.user_id).where(FormerMailbox.mailbox_key == mailbox),
    )
