"""Messages to send, written in the same transaction as what they tell of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

_WAITING = text("ended_at IS NULL")


class OutboxMail(Model):
    """One mail to one person. Its words are made when it is sent; the row holds no text."""

    __tablename__ = "outbox_mails"
    __table_args__ = (
        Index("ix_outbox_mails_waiting", "due_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index(None, "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # Name of the template under templates/mail/.
    template: Mapped[str]
    # Where it goes instead of the person's own address, which may change before it leaves. Forgotten once it has ended.
    email: Mapped[str | None]
    # One mail for one cause, however often the cause repeats itself.
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    # Not before; moved into the future by a claim and by a failed try.
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    # Sent, or given up.
    ended_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    # One of domain.mail_kinds.UNSENT for what was given up; None also for what was before that was kept.
    unsent_because: Mapped[str | None]
