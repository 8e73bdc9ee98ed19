"""What people may do, changed by those who may."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import User
from webapp.services.audit import record_act
from webapp.services.queues import queue_for


class RoleRefusedError(Exception):
    """The role stays as it is."""


class OwnRoleError(RoleRefusedError):
    """Nobody takes the admin's role from themselves."""


class LastAdminError(RoleRefusedError):
    """A program without an admin could not be mended from its pages."""


class UnconfirmedError(RoleRefusedError):
    """Somebody chose a password for the account, and nobody has shown that its address is theirs."""


class NoLongerAdminError(RoleRefusedError):
    """Whoever asks lost the right in the meantime."""


def change_role(session: Session, person: User, role: str, *, by: UUID | None, now: datetime) -> bool:
    """Give a person another role, which counts at their next request. Returns False when they have it already.

    `by` is the admin who does it, None for the command line. Changes of a
    program happen one after the other, so that two admins who take the role
    from each other leave one.
    """
    program_id = person.program_id
    queue_for(session, program_id, "roles")
    # What was read before waiting may no longer be true.
    session.refresh(person)
    if by is not None and session.scalar(select(User.role).where(User.id == by)) != "admin":
        raise NoLongerAdminError
    before = person.role
    if before == role or person.erased_at is not None:
        # Nobody can sign in as somebody who was erased.
        return False
    if before == "admin":
        if by == person.id:
            raise OwnRoleError
        if is_last_admin(session, person):
            raise LastAdminError
    elif role != "referrer" and by is not None and _may_be_a_strangers(person):
        raise UnconfirmedError
    person.role = role
    session.flush()
    about = {"from": before, "to": role}
    record_act(session, program_id, "role_changed", subject="user", subject_id=person.id, by=by, now=now, details=about)
    return True


def check_admin(session: Session, program_id: UUID, by: UUID) -> None:
    """Raise NoLongerAdminError for who lost the right in the meantime. Until the transaction ends, no role changes."""
    queue_for(session, program_id, "roles")
    if session.scalar(select(User.role).where(User.id == by)) != "admin":
        raise NoLongerAdminError


def is_last_admin(session: Session, person: User) -> bool:
    """Say whether without this admin nobody could run the program any more; True holds back what takes them away.

    Only those count who can sign in: an admin who was invited and has not accepted cannot. The answer holds until the
    transaction ends, since changes of the admins of a program happen one after the other.
    """
    queue_for(session, person.program_id, "roles")
    if session.scalar(select(User.role).where(User.id == person.id)) != "admin":
        return False
    others = select(User.id).where(
        User.program_id == person.program_id,
        User.role == "admin",
        User.id != person.id,
        User.password_hash.is_not(None),
        User.erased_at.is_(None),
    )
    return session.scalar(others.limit(1)) is None


def _may_be_a_strangers(person: User) -> bool:
    """Say whether somebody else than whom the address means may have opened the account, with a password of theirs.

    Without a password only the mailbox leads in.
    """
    return person.password_hash is not None and person.email_verified_at is None
