"""Mailboxes that accounts had before their address was changed, as far as they were shown to be theirs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class FormerMailbox(Model):
    """A mailbox that was somebody's. Who comes by it again is not new, and what is reported of it is theirs."""

    __tablename__ = "former_mailboxes"
    __table_args__ = (Index(None, "user_id"), Index(None, "mailbox_key"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # domain.mailbox.mailbox_key of the address that was changed.
    mailbox_key: Mapped[str]
    left_at: Mapped[datetime]
