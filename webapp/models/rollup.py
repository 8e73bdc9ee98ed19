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
        Index(None, "day"),
    )

    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    clicks: Mapped[int] = mapped_column(default=0)
    # Browsers that opened the link, each once a day.
    visitors: Mapped[int] = mapped_column(default=0, server_default="0")
    # Friends who signed up and were credited to this link.
    signups: Mapped[int] = mapped_column(default=0)
    # What those friends bought, refunded or not.
    purchases: Mapped[int] = mapped_column(default=0, server_default="0")
    # Of the friends who signed up on this day: how many have bought since, and how many more than once.
    buyers: Mapped[int] = mapped_column(default=0, server_default="0")
    repeat_buyers: Mapped[int] = mapped_column(default=0, server_default="0")


class ProgramDay(Model):
    """A whole program on one day; the columns are those of its links."""

    __tablename__ = "program_days"
    __table_args__ = (CheckConstraint("clicks >= 0 AND signups >= 0", name="counts"),)

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    clicks: Mapped[int] = mapped_column(default=0)
    # Browsers that opened any link of the program, each once a day: not the sum over its links.
    visitors: Mapped[int] = mapped_column(default=0, server_default="0")
    signups: Mapped[int] = mapped_column(default=0)
    purchases: Mapped[int] = mapped_column(default=0, server_default="0")
    buyers: Mapped[int] = mapped_column(default=0, server_default="0")
    repeat_buyers: Mapped[int] = mapped_column(default=0, server_default="0")


class CampaignDay(Model):
    """One campaign on one day, by the UTM fields of its clicks. An empty field was not told."""

    __tablename__ = "campaign_days"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    utm_source: Mapped[str] = mapped_column(primary_key=True)
    utm_medium: Mapped[str] = mapped_column(primary_key=True)
    utm_campaign: Mapped[str] = mapped_column(primary_key=True)
    clicks: Mapped[int] = mapped_column(default=0, server_default="0")
    # Browsers whose first click of the day in the program came with this campaign.
    visitors: Mapped[int] = mapped_column(default=0, server_default="0")
    # Friends whose credited click came with it, and what they bought.
    signups: Mapped[int] = mapped_column(default=0, server_default="0")
    purchases: Mapped[int] = mapped_column(default=0, server_default="0")


class LinkRevenueDay(Model):
    """What friends of one link paid on one day, and what went back to them on it, in one currency."""

    __tablename__ = "link_revenue_days"
    __table_args__ = (Index(None, "day"), Index(None, "referrer_id", "day"))

    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    revenue_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")


class ProgramRevenueDay(Model):
    """The same of all friends of a program."""

    __tablename__ = "program_revenue_days"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    revenue_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")


class RuleDay(Model):
    """What one rule granted on one day, and what was withdrawn on it: taken back, or rejected."""

    __tablename__ = "rule_days"
    __table_args__ = (Index(None, "program_id", "day"),)

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("reward_rules.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    # The rewards': a version of a rule may give another form of reward than the one before.
    kind: Mapped[str] = mapped_column(primary_key=True, default="cash", server_default="cash")
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    # Rewards of what happened on this day.
    rewards: Mapped[int] = mapped_column(default=0, server_default="0")
    granted_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    withdrawn_minor: Mapped[int] = mapped_column(default=0, server_default="0")


class CohortWeek(Model):
    """Of the friends who signed up in one week: how many bought in a week after it. Week 0 is that week itself."""

    __tablename__ = "cohort_weeks"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    # A Monday.
    week: Mapped[date] = mapped_column(primary_key=True)
    weeks_after: Mapped[int] = mapped_column(primary_key=True)
    buyers: Mapped[int] = mapped_column(default=0, server_default="0")
