"""The mails to one person: of what kind, when, and what became of them. Never what they say or where they went."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import OutboxMail
from webapp.queries.paging import older_than

PAGE = 20


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail. `unsent_because` is None also for one that was given up before reasons were kept."""

    id: UUID
    template: str
    created_at: datetime
    tries: int
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    unsent_because: str | None

    @property
    def state(self) -> str:
        """What became of it so far: "sent", "waiting", "retrying", or why it was given up."""
        if self.sent_at is not None:
            return "sent"
        if self.ended_at is not None:
            return self.unsent_because or "tries"
        return "retrying" if self.tries else "waiting"


def list_mails(
    session: Session, user_id: UUID, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[MailRow], UUID | None]:
    """Return mails to a person, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    whose = OutboxMail.user_id == user_id
    columns = (OutboxMail.id, OutboxMail.template, OutboxMail.created_at, OutboxMail.tries, OutboxMail.due_at)
    query = select(*columns, OutboxMail.sent_at, OutboxMail.ended_at, OutboxMail.unsent_because).where(whose)
    if before is not None:
        query = query.where(older_than(session, OutboxMail.created_at, OutboxMail.id, before, of=whose))
    newest = query.order_by(OutboxMail.created_at.desc(), OutboxMail.id.desc())
    found = session.execute(newest.limit(limit + 1)).all()
    rows = [MailRow(*row) for row in found[:limit]]
    return rows, rows[-1].id if len(found) > limit else None
