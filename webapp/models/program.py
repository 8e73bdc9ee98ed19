"""A program: whose links, friends and rewards these are."""

from datetime import date, datetime, timedelta
from typing import Any
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
        CheckConstraint("consent_mode IN ('cookie', 'required', 'none')", name="consent_mode"),
        CheckConstraint("held_from BETWEEN 1 AND 100", name="held_from"),
        CheckConstraint("second_admin_from_minor >= 0", name="second_admin_from_minor"),
        CheckConstraint("keep_clicks_days BETWEEN 30 AND 4000", name="keep_clicks_days"),
        CheckConstraint("keep_metadata_days BETWEEN 30 AND 4000", name="keep_metadata_days"),
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
    # Whether a click may be remembered in the visitor's browser: always, once they agreed, or never.
    consent_mode: Mapped[str] = mapped_column(default="cookie", server_default="cookie")
    # Clicks that are older are forgotten; what was counted of them stays.
    keep_clicks_days: Mapped[int] = mapped_column(default=400, server_default="400")
    # What the business told beside older orders is forgotten; None: it is kept.
    keep_metadata_days: Mapped[int | None]
    # Days before this one are sealed: their clicks were forgotten, so their counts can no longer be proved or rebuilt.
    sealed_before: Mapped[date | None]
    # A new id whenever rules are published, so that what was read of them can be kept in memory; None without rules.
    rules_revision: Mapped[UUID | None]
    # What differs from the defaults of the fraud signals, as signal_registry.read_signals takes it.
    signals: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # The score, in hundredths, from which what a friend does is held.
    held_from: Mapped[int] = mapped_column(default=50, server_default="50")
    # From this much on, in the program's currency, an appeal is rejected by another admin than the one it is against;
    # None: never.
    second_admin_from_minor: Mapped[int | None]
    created_at: Mapped[datetime]

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.window_days)
