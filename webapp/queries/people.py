"""People with an account."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key, mailbox_key
from webapp.models import Conversion, FormerMailbox, Model, User, UserSession
from webapp.transactions import connection_of


def find_by_email(session: Session, email: str) -> User | None:
    """Return the account of an address in any spelling; None when there is none."""
    try:
        key = address_key(email)
    except ValueError:
        return None
    return session.scalars(select(User).where(User.email_key == key)).one_or_none()


def find_by_external_id(session: Session, program_id: UUID, external_id: str) -> User | None:
    """Return the person whom the business calls this."""
    return session.scalars(
        select(User).where(User.program_id == program_id, User.external_id == external_id)
    ).one_or_none()


def find_person_id(
    session: Session,
    program_id: UUID,
    *,
    external_id: str | None = None,
    email: str | None = None,
    person_id: UUID | None = None,
) -> UUID | None:
    """Return the id of the program's person whom one of these names; None when nobody in it is called that.

    An address that is nobody's is looked for in other spellings of its mailbox, and then among those that people
    have changed; of several accounts the oldest is meant, of those with a confirmed address if there are any.
    """
    named: object
    if external_id is not None:
        by, named = "external_id", external_id
    elif email is not None:
        by, named = "email_key", address_key(email)
    else:
        by, named = "id", person_id
    connection = connection_of(session)
    found = connection.execute(_PERSON_BY[by], {"program": program_id, "named": named}).scalar_one_or_none()
    if found is None and email is not None:
        asked = {"program": program_id, "mailbox": mailbox_key(email)}
        found = connection.execute(_OLDEST_OF_MAILBOX, asked).scalar_one_or_none()
    return found


_USERS = Model.metadata.tables["users"]
# Built once: this is asked whenever something is reported.
_PERSON_BY = {
    by: select(_USERS.c.id).where(_USERS.c.program_id == bindparam("program"), _USERS.c[by] == bindparam("named"))
    for by in ("external_id", "email_key", "id")
}
_FORMER = Model.metadata.tables["former_mailboxes"]
# Or whoever opens an account with a spelling of somebody's address, and is there first, would be taken for them.
_UNSURE = case((_USERS.c.email_verified_at.is_(None), 1), else_=0).label("unsure")
_OF_MAILBOX = select(_USERS.c.id, _USERS.c.created_at, literal(0).label("changes"), _UNSURE).where(
    _USERS.c.program_id == bindparam("program"), _USERS.c.mailbox_key == bindparam("mailbox")
)
_OF_MAILBOX_BEFORE = (
    select(_USERS.c.id, _USERS.c.created_at, literal(1).label("changes"), _UNSURE)
    .join(_FORMER, _FORMER.c.user_id == _USERS.c.id)
    .where(_USERS.c.program_id == bindparam("program"), _FORMER.c.mailbox_key == bindparam("mailbox"))
)
_THEIRS = union_all(_OF_MAILBOX, _OF_MAILBOX_BEFORE).subquery()
# Whoever has the mailbox now comes before whoever had it.
_OLDEST_OF_MAILBOX = (
    select(_THEIRS.c.id).order_by(_THEIRS.c.changes, _THEIRS.c.unsure, _THEIRS.c.created_at, _THEIRS.c.id).limit(1)
)


def find_by_session(session: Session, token_hash: str, now: datetime) -> User | None:
    """Return whose browser holds this token; None when the session has ended or run out."""
    return session.scalars(
        select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_hash == token_hash,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > now,
            User.erased_at.is_(None),
        )
    ).one_or_none()


def known_since(session: Session, program_id: UUID, mailbox: str) -> datetime | None:
    """Return when the mailbox first had an account in the program, by its address of now or one before.

    None for a new person.
    """
    first: datetime | None = session.scalar(_KNOWN_SINCE, {"program_id": program_id, "mailbox": mailbox})
    return first


def _known_since() -> Any:
    since = select(User.created_at).where(User.program_id == bindparam("program_id"))
    of_now = since.where(User.mailbox_key == bindparam("mailbox"))
    of_before = since.where(User.id == FormerMailbox.user_id, FormerMailbox.mailbox_key == bindparam("mailbox"))
    known = union_all(of_now, of_before).subquery()
    return select(func.min(known.c.created_at))


# Asked at every signup, and written once.
_KNOWN_SINCE = _known_since()


def holds_what_may_be_anothers(session: Session, user: User) -> bool:
    """Say whether the business told something of an account that whoever opened it has not shown to be theirs.

    It knows the owner of the address; the account may be somebody else's, who only typed it.
    """
    if user.email_verified_at is not None:
        return False
    reported = select(Conversion.id).where(Conversion.user_id == user.id, Conversion.event_id.is_not(None)).limit(1)
    return user.external_id is not None or session.scalar(reported) is not None


def has_people(session: Session, *, outside: Collection[str] = ()) -> bool:
    """Say whether anyone has an account, or anyone whose address is not at these domains or below one of them."""
    query = select(User.id).limit(1)
    for domain in outside:
        query = query.where(User.email_key.not_like(f"%@{domain}"), User.email_key.not_like(f"%@%.{domain}"))
    return session.scalar(query) is not None
