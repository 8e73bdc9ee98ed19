"""Who was banned from earning rewards, and let in again. Append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class Ban(Model):
    """One decision to ban somebody or to end that. The newest one of a person holds."""

    __tablename__ = "bans"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    # From 1, for each person.
    sequence: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    is_banned: Mapped[bool]
    reason: Mapped[str]
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime]
