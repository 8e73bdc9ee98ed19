"""Making accounts."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key, mailbox_key
from webapp.models import Program, User
from webapp.queries.people import find_by_email
from webapp.services.audit import record_act
from webapp.services.links import create_link


class EmailTakenError(Exception):
    """The address has an account already, which is `user`."""

    def __init__(self, user: User) -> None:
        super().__init__("the address has an account")
        self.user = user


def create_person(
    session: Session,
    program: Program,
    *,
    name: str,
    email: str,
    password_hash: str | None,
    role: str,
    verified: bool,
    external_id: str | None = None,
    choose: Callable[[str], str],
    now: datetime,
) -> User:
    """Make an account with its link. Raises EmailTakenError, whatever the spelling of the address.

    `external_id` is what the business calls the person; the caller has seen to it that nobody else has it.
    """
    if taken := find_by_email(session, email):
        raise EmailTakenError(taken)
    user = User(
        program_id=program.id,
        name=name,
        email=email,
        email_key=address_key(email),
        mailbox_key=mailbox_key(email),
        email_verified_at=now if verified else None,
        password_hash=password_hash,
        role=role,
        external_id=external_id,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        # Someone took the address between the question above and now; anything else is a real fault.
        if taken := find_by_email(session, email):
            raise EmailTakenError(taken) from error
        raise
    create_link(session, program, user, choose=choose, now=now)
    return user


def open_account(
    session: Session,
    program: Program,
    *,
    name: str,
    email: str,
    password_hash: str | None,
    role: str,
    verified: bool,
    choose: Callable[[str], str],
    by: UUID | None,
    now: datetime,
) -> User:
    """Make an account for somebody else, as `create_person` does, and keep in the audit log who did.

    `by` is the admin, None for the command line.
    """
    user = create_person(
        session,
        program,
        name=name,
        email=email,
        password_hash=password_hash,
        role=role,
        verified=verified,
        choose=choose,
        now=now,
    )
    about = {"role": role}
    record_act(session, program.id, "person_created", subject="user", subject_id=user.id, by=by, now=now, details=about)
    return user


def change_profile(session: Session, user: User, *, name: str, language: str | None) -> None:
    """Change what someone is called, and the language of their pages; None for what their browser asks for."""
    user.name, user.language = name, language
    session.flush()
