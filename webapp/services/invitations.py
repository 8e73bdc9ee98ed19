"""Inviting people to an account: an admin makes it, and whoever it is for chooses the password."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.models import Link, OutboxMail, Program, User
from webapp.queries.invitations import invitation_of
from webapp.services.audit import record_act
from webapp.services.mail_limits import check_mail_limit
from webapp.services.mailed_links import end_links, find_link, mail_link, use_link
from webapp.services.people import create_person
from webapp.services.roles import check_admin

INVITATION = "invitation"


class HasPasswordError(Exception):
    """The person can sign in, so there is nothing to invite them to."""


class NotInvitedError(Exception):
    """There is no invitation to withdraw."""


def invite(
    session: Session,
    program: Program,
    *,
    name: str,
    email: str,
    role: str,
    link_id: UUID,
    token: str,
    choose: Callable[[str], str],
    by: UUID,
    now: datetime,
) -> User:
    """Make an account without a password, and mail the link with which its owner chooses one.

    `link_id` and `token` are those of the link, as `webapp.mailed_links.draw_link` makes them. Raises
    EmailTakenError, and NoLongerAdminError for who lost the right in the meantime. As an admin the person counts once
    they have accepted.
    """
    check_admin(session, program.id, by)
    person = create_person(
        session, program, name=name, email=email, password_hash=None, role=role, verified=False, choose=choose, now=now
    )
    mail_link(session, person, INVITATION, link_id=link_id, token=token, invited_by=by, now=now)
    _record(session, person, "person_invited", by=by, now=now, role=role)
    return person


def invite_again(session: Session, person: User, *, link_id: UUID, token: str, by: UUID, now: datetime) -> None:
    """Mail another link, for any account that nobody can sign in to; the one before is worth nothing from now on.

    Raises HasPasswordError, NoLongerAdminError, and MailedTooOftenError when several went there lately.
    """
    check_admin(session, person.program_id, by)
    check_mail_limit(session, person, INVITATION, now=now)
    session.refresh(person, with_for_update=True)
    if person.password_hash is not None or person.erased_at is not None:
        raise HasPasswordError
    mail_link(session, person, INVITATION, link_id=link_id, token=token, invited_by=by, now=now)
    _record(session, person, "invitation_sent", by=by, now=now)


def withdraw(session: Session, person: User, *, by: UUID, now: datetime) -> bool:
    """Make the invitation worth nothing, and the account with it. Returns whether the account is gone altogether.

    One to which nothing happened is deleted. One that something hangs on stays, as that of a referrer to whom nobody
    can sign in; and so does, as it was, one that was not made by inviting: somebody reported it or confirmed its
    address. Raises HasPasswordError, NotInvitedError and NoLongerAdminError.
    """
    check_admin(session, person.program_id, by)
    session.refresh(person, with_for_update=True)
    if person.password_hash is not None:
        raise HasPasswordError
    if invitation_of(session, person.id) is None:
        raise NotInvitedError
    _record(session, person, "invitation_withdrawn", by=by, now=now)
    end_links(session, person.id, INVITATION, now=now)
    if person.email_verified_at is not None or person.external_id is not None:
        return False
    if _delete_unused(session, person):
        return True
    if person.role != "referrer":
        _record(session, person, "role_changed", by=by, now=now, **{"from": person.role, "to": "referrer"})
        person.role = "referrer"
        session.flush()
    return False


def find_invitation(session: Session, token: str, now: datetime) -> User | None:
    """Return whom a link invites, without using it up. None when it is over, and for who can sign in by now."""
    link = find_link(session, INVITATION, token, now)
    person = session.get(User, link.user_id) if link else None
    return person if person is not None and person.password_hash is None else None


def accept(session: Session, token: str, password_hash: str, now: datetime) -> User | None:
    """Use the link up: its owner has this password and showed that the mailbox is theirs. None when it is over."""
    found = find_link(session, INVITATION, token, now)
    if found is None:
        return None
    # First, as whoever withdraws it does: also against a password that is set at this very moment by other means.
    person = session.get(User, found.user_id, with_for_update=True, populate_existing=True)
    if person is None or person.password_hash is not None or use_link(session, INVITATION, token, now) is None:
        return None
    person.password_hash = password_hash
    person.email_verified_at = person.email_verified_at or now
    session.flush()
    # Whatever else was mailed for a first password or for the address has nothing left to do.
    end_links(session, person.id, "reset_password", "verify_email", now=now)
    _record(session, person, "invitation_accepted", by=person.id, now=now)
    return person


def _delete_unused(session: Session, person: User) -> bool:
    """Delete an account with its link and its mails, unless anything else hangs on it. Returns whether it is gone."""
    try:
        with session.begin_nested():
            for owned, of in ((OutboxMail, "user_id"), (Link, "referrer_id"), (User, "id")):
                # By the session, so that what is kept of links in memory is dropped.
                over = delete(owned).where(owned.__table__.c[of] == person.id)
                session.execute(over, execution_options={"synchronize_session": False})
    except IntegrityError:
        return False
    session.expunge(person)
    return True


def _record(session: Session, person: User, action: str, *, by: UUID, now: datetime, **details: str) -> None:
    record_act(
        session, person.program_id, action, subject="user", subject_id=person.id, by=by, now=now, details=details
    )
