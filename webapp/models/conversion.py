"""Something worth a reward that happened: a signup, a purchase, a renewal or a type of the business's own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Conversion(Model):
    """One event, once, and one order of a type, once."""

    __tablename__ = "conversions"
    __table_args__ = (
        UniqueConstraint("program_id", "event_id"),
        UniqueConstraint("program_id", "order_id", "type"),
        CheckConstraint("amount_minor >= 0", name="amount_minor"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency"),
        Index(None, "user_id", "type", "occurred_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    # The id that the business gave it; None for a signup, which is counted here.
    event_id: Mapped[str | None]
    # What decides between conversions at one moment, once an id that did was sealed; None: the id.
    tie: Mapped[str | None]
    type: Mapped[str]
    # None: nobody with an account.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # The referral that it counts for now; None when nobody is credited for the person.
    referral_id: Mapped[UUID | None] = mapped_column(ForeignKey("referrals.id"))
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    order_id: Mapped[str | None]
    details: Mapped[dict[str, Any] | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]

    @property
    def tie_break(self) -> str:
        """What decides between conversions at the same moment; a signup has nothing and comes first."""
        return self.tie or self.event_id or ""


# The same, as a part of a query.
TIE_BREAK = func.coalesce(Conversion.tie, Conversion.event_id, "")
