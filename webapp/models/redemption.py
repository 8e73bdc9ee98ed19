"""Store credit that was spent in the business's own shop. Append-only, on both engines, by trigger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Redemption(Model):
    """What somebody spent of their store credit at once, as the business told it."""

    __tablename__ = "redemptions"
    __table_args__ = (
        UniqueConstraint("program_id", "event_id"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        Index(None, "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id", ondelete="RESTRICT"))
    event_id: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_minor: Mapped[int]
    currency: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class RedemptionPart(Model):
    """What a redemption took of one reward, by one event of it: below zero when that was undone."""

    __tablename__ = "redemption_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["reward_id", "reward_sequence"],
            ["reward_events.reward_id", "reward_events.sequence"],
            name="fk_redemption_parts_reward_event",
            ondelete="RESTRICT",
        ),
        CheckConstraint("amount_minor <> 0", name="amount_minor"),
        Index(None, "redemption_id"),
    )

    reward_id: Mapped[UUID] = mapped_column(primary_key=True)
    reward_sequence: Mapped[int] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemptions.id", ondelete="RESTRICT"))
    amount_minor: Mapped[int]
