"""Pools of coupons: codes that the business made in its shop, to be handed out as rewards.

Apart from coupon codes, which are credited to whoever shares them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

_LEFT = text("reward_id IS NULL")


class CouponPool(Model):
    """A pool, which rules name by its key. Fewer coupons left than `low_at` are said to be few."""

    __tablename__ = "coupon_pools"
    __table_args__ = (UniqueConstraint("program_id", "key"), CheckConstraint("low_at >= 0", name="low_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    key: Mapped[str]
    name: Mapped[str]
    low_at: Mapped[int]
    created_at: Mapped[datetime]


class PoolCoupon(Model):
    """One code of a pool, and the reward that it was handed out for: each at most once."""

    __tablename__ = "pool_coupons"
    __table_args__ = (
        UniqueConstraint("pool_id", "code"),
        UniqueConstraint("reward_id"),
        CheckConstraint("(reward_id IS NULL) = (handed_out_at IS NULL)", name="handed_out"),
        Index("ix_pool_coupons_left", "pool_id", "id", postgresql_where=_LEFT, sqlite_where=_LEFT),
    )

    # Made in the order of the upload, in which they are handed out.
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("coupon_pools.id"))
    code: Mapped[str]
    reward_id: Mapped[UUID | None] = mapped_column(ForeignKey("rewards.id", ondelete="RESTRICT"))
    added_at: Mapped[datetime]
    handed_out_at: Mapped[datetime | None]
