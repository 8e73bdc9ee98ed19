"""Counts by day, kept in the same transaction as what they count. Pages read these, never raw clicks.

A day is a calendar day in the program's time zone.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class LinkDay(Model):
    """One link on one day."""

    __tablename__ = "link_days"
    __table_args__ = (
        CheckConstraint("clicks >= 0 AND signups >= 0", name="counts"),
        Index(None, "referrer_id", "day"),
    )

    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    clicks: Mapped[int] = mapped_column(default=0)
    # Friends who signed up and were credited to this link.
    signups: Mapped[int] = mapped_column(default=0)
    # What those friends bought, refunded or not.
    purchases: Mapped[int] = mapped_column(default=0, server_default="0")


class ProgramDay(Model):
    """A whole program on one day."""

    __tablename__ = "program_days"
    __table_args__ = (CheckConstraint("clicks >= 0 AND signups >= 0", name="counts"),)

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    clicks: Mapped[int] = mapped_column(default=0)
    signups: Mapped[int] = mapped_column(default=0)
    purchases: Mapped[int] = mapped_column(default=0, server_default="0")
