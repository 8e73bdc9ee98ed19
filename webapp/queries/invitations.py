"""Invitations that nobody has accepted yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from webapp.models import MailedLink, OutboxMail, User


@dataclass(frozen=True, slots=True)
class Invitation:
    """The newest invitation of somebody who has no password yet. `by_name` is None when whoever sent it is gone.

    `unsent_because` is why its mail was given up, one of domain.mail_kinds.UNSENT; None for one that was not.
    """

    sent_at: datetime
    expires_at: datetime
    by_name: str | None
    unsent_because: str | None


def invitation_of(session: Session, user_id: UUID) -> Invitation | None:
    """Return the invitation that a person has still to accept, also when it ran out; None when there is none."""
    row = session.execute(newest_of(user_id)).one_or_none()
    return Invitation(*row) if row else None


def newest_of(user_id: UUID) -> Select[datetime, datetime, str, str | None]:
    """Return the question for the fields of an Invitation, in their order."""
    sender = aliased(User)
    return (
        select(MailedLink.created_at, MailedLink.expires_at, sender.name, OutboxMail.unsent_because)
        .join(User, User.id == MailedLink.user_id)
        .outerjoin(sender, and_(sender.id == MailedLink.invited_by, sender.erased_at.is_(None)))
        .outerjoin(OutboxMail, OutboxMail.id == MailedLink.mail_id)
        .where(MailedLink.user_id == user_id, _waits())
        .order_by(MailedLink.created_at.desc())
        .limit(1)
    )


def invitations_of(session: Session, user_ids: Collection[UUID]) -> dict[UUID, tuple[datetime, bool]]:
    """Return until when the invitations of these people are good, and whether the mail of the last one was given up.

    Who has none to accept is missing.
    """
    rows = session.execute(
        select(MailedLink.user_id, MailedLink.expires_at, OutboxMail.unsent_because)
        .join(User, User.id == MailedLink.user_id)
        .outerjoin(OutboxMail, OutboxMail.id == MailedLink.mail_id)
        .where(MailedLink.user_id.in_(user_ids), _waits())
        .order_by(MailedLink.created_at)
    )
    return {row[0]: (row[1], row[2] is not None) for row in rows}


def is_invited() -> ColumnElement[bool]:
    """Return the condition that a row of users is somebody who was invited and has not accepted."""
    return and_(
        User.password_hash.is_(None),
        exists().where(
            MailedLink.user_id == User.id, MailedLink.purpose == "invitation", MailedLink.ended_at.is_(None)
        ),
    )


def count_invited(session: Session, program_id: UUID) -> int:
    """Return how many people of a program were invited and have not accepted."""
    return session.scalar(select(func.count()).where(User.program_id == program_id, is_invited())) or 0


def inviter_of(session: Session, user_id: UUID) -> str | None:
    """Return the name of who sent a person's invitation; None when they are gone."""
    invitation = invitation_of(session, user_id)
    return invitation.by_name if invitation else None


def _waits() -> ColumnElement[bool]:
    return and_(
        MailedLink.purpose == "invitation",
        MailedLink.ended_at.is_(None),
        User.password_hash.is_(None),
        User.erased_at.is_(None),
    )
