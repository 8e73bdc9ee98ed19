"""The bond between a referrer and a friend."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Referral(Model):
    """A friend and who brought them, as it is now. A friend has at most one referrer in a program."""

    __tablename__ = "referrals"
    __table_args__ = (
        UniqueConstraint("program_id", "friend_id"),
        # What users.referred_by points at.
        UniqueConstraint("program_id", "friend_id", "referrer_id"),
        CheckConstraint("referrer_id <> friend_id", name="not_oneself"),
        Index(None, "referrer_id"),
        Index(None, "program_id", "created_at"),
        Index(None, "link_id"),
        Index(None, "decision_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"))
    # typed_code | coupon_code | link | assigned, by a person
    method: Mapped[str]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("attribution_decisions.id"))
    # 0 as the signup was attributed; since then the number of the change that made it what it is.
    bond: Mapped[int] = mapped_column(default=0, server_default="0")
    # The campaign of the credited click, which is forgotten one day; None when it had none.
    utm_source: Mapped[str | None]
    utm_medium: Mapped[str | None]
    utm_campaign: Mapped[str | None]
    # When the friend signed up.
    created_at: Mapped[datetime]
