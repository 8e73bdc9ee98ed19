"""Who is credited for a friend, as people with rights changed it since the signup."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class ReferralChange(Model):
    """One change of a referral. Append-only; the number of the last one is the referral's bond."""

    __tablename__ = "referral_changes"
    __table_args__ = (
        CheckConstraint("kind IN ('assign', 'move', 'remove')", name="kind"),
        CheckConstraint(
            "(kind = 'assign') = (from_link_id IS NULL) AND (from_link_id IS NULL) = (from_referrer_id IS NULL)",
            name="from",
        ),
        CheckConstraint(
            "(kind = 'remove') = (to_link_id IS NULL) AND (to_link_id IS NULL) = (to_referrer_id IS NULL)", name="to"
        ),
        CheckConstraint("to_referrer_id <> friend_id", name="not_oneself"),
        CheckConstraint("sequence > 0", name="sequence"),
        Index(None, "from_referrer_id"),
        Index(None, "to_referrer_id"),
    )

    friend_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    # From 1, without a gap.
    sequence: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    kind: Mapped[str]
    from_referrer_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    from_link_id: Mapped[UUID | None] = mapped_column(ForeignKey("links.id"))
    to_referrer_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    to_link_id: Mapped[UUID | None] = mapped_column(ForeignKey("links.id"))
    # One of domain.referral_changes.REASONS.
    reason: Mapped[str]
    by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class ReferralChangeNote(Model):
    """The words that go with one change, for staff only. Apart from it, so that they can be forgotten."""

    __tablename__ = "referral_change_notes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["friend_id", "sequence"],
            ["referral_changes.friend_id", "referral_changes.sequence"],
            name="fk_referral_change_notes_change",
        ),
    )

    friend_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    written_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    written_at: Mapped[datetime]
