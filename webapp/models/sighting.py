"""Where and with what people were seen, so that a friend who is the referrer in disguise can be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Sighting(Model):
    """One signup or sign-in of a person. Forgotten as soon as its hashes can no longer be compared."""

    __tablename__ = "sightings"
    __table_args__ = (
        Index(None, "user_id", "seen_at"),
        Index(None, "network_hash", "seen_at"),
        Index(None, "visitor_id"),
        Index(None, "seen_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    seen_at: Mapped[datetime]
    # Whether it was the signup that made the account.
    is_signup: Mapped[bool]
    # The browser, when it had the visitor's cookie; families as of a click, None when the user agent does not tell.
    visitor_id: Mapped[UUID | None]
    browser: Mapped[str | None]
    device: Mapped[str | None]
    # Keyed hashes of the address and of its /64, comparable only while their salt lives (models.address_salt).
    address_hash: Mapped[bytes | None]
    network_hash: Mapped[bytes | None]
