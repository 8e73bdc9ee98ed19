"""A signed-in browser, kept on the server so that it can be ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class UserSession(Model):
    """One sign-in of one person in one browser."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # SHA-256 of the token in the cookie: a copy of the table signs nobody in.
    token_hash: Mapped[str] = mapped_column(unique=True)
    # Families as of a click, None when the user agent does not tell.
    browser: Mapped[str | None]
    device: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
