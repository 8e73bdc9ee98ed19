"""A program: whose links, friends and rewards these are."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Program(Model):
    """One referral program with its own settings."""

    __tablename__ = "programs"
    __table_args__ = (
        CheckConstraint("attribution_model IN ('first', 'last')", name="attribution_model"),
        CheckConstraint("window_days BETWEEN 1 AND 400", name="window_days"),
        CheckConstraint("hold_days BETWEEN 0 AND 400", name="hold_days"),
        CheckConstraint("length(currency) = 3", name="currency"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]
    # Where a link without a destination of its own leads: a path of this site or an absolute URL.
    landing_url: Mapped[str]
    # Host names, one a line, that links may lead to besides this site and the landing page's host.
    allowed_hosts: Mapped[str] = mapped_column(default="", server_default="")
    attribution_model: Mapped[str]
    window_days: Mapped[int]
    hold_days: Mapped[int]
    # A new id whenever rules are published, so that what was read of them can be kept in memory; None without rules.
    rules_revision: Mapped[UUID | None]
    created_at: Mapped[datetime]

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.window_days)
