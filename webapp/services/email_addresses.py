"""Whose an e-mail address is: shown by a link that goes to it, and changed by one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key, mailbox_key
from webapp.models import FormerMailbox, User
from webapp.queries.people import find_by_email, holds_what_may_be_anothers
from webapp.services.audit import record_act
from webapp.services.mail_limits import check_mail_limit
from webapp.services.mailed_links import end_links, find_link, lock_owner, mail_link, use_link
from webapp.services.outbox import queue_mail
from webapp.services.people import EmailTakenError
from webapp.services.queues import queue_for
from webapp.services.sessions import end_sessions_of

# What goes to the address that somebody has had so far.
CHANGE_ASKED, CHANGED = "email_change_asked", "email_changed"


class UnconfirmedAddressError(Exception):
    """What was reported of the address may be somebody else's, and would leave with it."""


def ask_to_verify(session: Session, user: User, *, link_id: UUID, token: str, now: datetime) -> None:
    """Mail a link that shows that the address is theirs. Raises MailedTooOftenError."""
    check_mail_limit(session, user, "verify_email", now=now)
    mail_link(session, user, "verify_email", link_id=link_id, token=token, now=now)


def verify_email(session: Session, token: str, now: datetime) -> User | None:
    """Use such a link up and return whose address it was; None when it is not good any more."""
    user = lock_owner(session, "verify_email", token, now)
    if user is None or use_link(session, "verify_email", token, now) is None:
        return None
    note_that_mail_arrives(session, user, now)
    return user


def note_that_mail_arrives(session: Session, user: User, now: datetime) -> None:
    """Keep that someone used a link that had gone to their address, whatever it was for."""
    user.email_verified_at = user.email_verified_at or now
    end_links(session, user.id, "verify_email", now=now)
    session.flush()


def ask_to_change_email(session: Session, user: User, email: str, *, link_id: UUID, token: str, now: datetime) -> None:
    """Mail a link to the new address, and to the one before that this was asked for. Nothing changes yet.

    Also when somebody else has the new address: whoever asks must not learn that. Raises MailedTooOftenError or
    UnconfirmedAddressError.
    """
    if holds_what_may_be_anothers(session, user):
        raise UnconfirmedAddressError
    check_mail_limit(session, user, "change_email", email=email, now=now)
    mail_link(session, user, "change_email", link_id=link_id, token=token, email=email, now=now)
    queue_mail(session, user, CHANGE_ASKED, dedupe_key=f"{CHANGE_ASKED}:{link_id}", email=user.email, now=now)


def change_email(session: Session, token: str, now: datetime) -> User | None:
    """Use such a link up and return whose address it has changed; None when it is not good any more.

    They are signed out everywhere, and the address before is told. Raises EmailTakenError when the new one has an
    account by now, and then nothing was written.
    """
    link = find_link(session, "change_email", token, now)
    if link is None:
        return None
    user = session.get_one(User, link.user_id)
    # Who signs up with the one or the other at this moment is looked at before or after, not meanwhile.
    mailboxes = (f"mailbox:{mailbox_key(email)}" for email in (user.email, link.email))
    queue_for(session, user.program_id, f"links:{user.id}", *mailboxes)
    # Before the link, as whoever sets a password by mail does.
    session.refresh(user, with_for_update=True)
    if holds_what_may_be_anothers(session, user) or use_link(session, "change_email", token, now) is None:
        return None
    before, mailbox, was_theirs = user.email, user.mailbox_key, user.email_verified_at is not None
    take_address(session, user, link.email, verified_at=now)
    if was_theirs and user.mailbox_key != mailbox:
        # Else whoever changes their address could bring themselves as a friend, by the one before. One that nobody
        # showed to be theirs may be somebody else's, who is then not known by it, and whose orders are not theirs.
        session.add(FormerMailbox(user_id=user.id, mailbox_key=mailbox, left_at=now))
        session.flush()
    end_links(session, user.id, "verify_email", "reset_password", now=now)
    end_sessions_of(session, user, by=user.id, now=now)
    record_act(session, user.program_id, "email_changed", subject="user", subject_id=user.id, by=user.id, now=now)
    queue_mail(session, user, CHANGED, dedupe_key=f"{CHANGED}:{link.id}", email=before, now=now)
    return user


def take_address(session: Session, user: User, email: str, *, verified_at: datetime | None) -> None:
    """Give a person another address. Raises EmailTakenError when somebody has it, and then nothing was written."""
    try:
        with session.begin_nested():
            user.email, user.email_key, user.mailbox_key = email, address_key(email), mailbox_key(email)
            user.email_verified_at = verified_at
    except IntegrityError as error:
        # Of two who take an address at once, the database lets one; anything else is a real fault.
        if taken := find_by_email(session, email):
            raise EmailTakenError(taken) from error
        raise
