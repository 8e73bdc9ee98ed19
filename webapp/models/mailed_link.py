"""Links that are mailed to people, with which they show that a mailbox is theirs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

PURPOSES = ("verify_email", "change_email", "reset_password", "invitation")


class MailedLink(Model):
    """A link for one purpose, good once and for a while. Its token is made anew when the mail is put into words."""

    __tablename__ = "mailed_links"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('verify_email', 'change_email', 'reset_password', 'invitation')",
            name="purpose",
        ),
        Index(None, "user_id"),
        Index(None, "mail_id"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    # SHA-256 of the token in the link.
    token_hash: Mapped[str] = mapped_column(unique=True)
    # The address that using it shows to be the person's: it goes there, and is worth nothing for another.
    email: Mapped[str]
    # The mail that carries it.
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("outbox_mails.id", ondelete="SET NULL"))
    # Who asked for it, when it was not the person themselves.
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Used, or taken back.
    ended_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
