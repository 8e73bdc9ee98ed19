"""Letting people back into their accounts when they lost what they sign in with, as an admin does who knows them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.mailbox import mailbox_key
from webapp.models import FormerMailbox, User
from webapp.services.audit import record_act
from webapp.services.email_addresses import CHANGED, take_address
from webapp.services.invitations import INVITATION
from webapp.services.mail_limits import check_mail_limit
from webapp.services.mailed_links import LIFETIMES, end_links, mail_link
from webapp.services.outbox import queue_mail
from webapp.services.queues import queue_for
from webapp.services.roles import check_admin
from webapp.services.second_factor import turn_off
from webapp.services.sessions import end_sessions_of


class NoWayInError(Exception):
    """The account is an admin’s (another who could open it would decide as two people), or it was erased meanwhile."""


def is_admins(person: User) -> bool:
    """Say whether an admin signs in to this account. One who was invited and has not accepted signs in to nothing."""
    return person.role == "admin" and person.password_hash is not None


def end_second_factor(session: Session, person: User, *, by: UUID | None, now: datetime) -> bool:
    """Let a password be enough for somebody who lost their app and their codes. Returns False when it is already.

    `by` is the admin, None for the command line.
    Raises NoWayInError, and NoLongerAdminError for who lost the right in the meantime.
    """
    _check(session, person, by)
    return turn_off(session, person, by=by, now=now)


def give_address(
    session: Session, person: User, email: str, *, link_id: UUID, token: str, by: UUID | None, now: datetime
) -> None:
    """Give an account to whoever has this mailbox: they choose a password by the link that goes there.

    Until then nobody can sign in to it, whoever could before. The address of before is told, unless it only got an
    invitation. `link_id` and `token` are those of the link, as `webapp.mailed_links.draw_link` makes them. Raises
    EmailTakenError and MailedTooOftenError, and what `end_second_factor` does.
    """
    queue_for(session, person.program_id, "roles")
    mailboxes = (f"mailbox:{mailbox_key(one)}" for one in (person.email, email))
    queue_for(session, person.program_id, f"links:{person.id}", *mailboxes)
    check_mail_limit(session, person, INVITATION, email=email, now=now)
    _check(session, person, by)
    before, mailbox = person.email, person.mailbox_key
    was_theirs, was_used = person.email_verified_at is not None, person.password_hash is not None
    take_address(session, person, email, verified_at=None)
    person.password_hash = None
    session.flush()
    end_links(session, person.id, *LIFETIMES, now=now)
    end_sessions_of(session, person, by=by, now=now)
    record_act(session, person.program_id, "address_given", subject="user", subject_id=person.id, by=by, now=now)
    if was_theirs and mailbox != person.mailbox_key:
        # As when they change it themselves.
        session.add(FormerMailbox(user_id=person.id, mailbox_key=mailbox, left_at=now))
    if was_theirs or was_used:
        queue_mail(session, person, CHANGED, dedupe_key=f"{CHANGED}:{link_id}", email=before, now=now)
    mail_link(session, person, INVITATION, link_id=link_id, token=token, invited_by=by, now=now)


def _check(session: Session, person: User, by: UUID | None) -> None:
    if by is not None:
        check_admin(session, person.program_id, by)
    session.refresh(person, with_for_update=True)
    if person.erased_at is not None or (by is not None and is_admins(person)):
        raise NoWayInError
