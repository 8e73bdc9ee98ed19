"""What somebody has besides a password: an app that shows codes, and codes for the day it is lost."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class SecondFactor(Model):
    """The app of one person, in force when the person's `second_factor_since` says so."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    # The secret in the app is made from this and the key of the site: a copy of the table shows nobody's codes.
    seed: Mapped[bytes]
    # The step of time of the last code that was taken: none is taken twice.
    last_step: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]


class RecoveryCode(Model):
    """A code that signs in once when the app is not at hand."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # SHA-256 of the code, which is random enough to need no slow hash.
    code_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
