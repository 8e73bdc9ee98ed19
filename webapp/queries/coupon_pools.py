"""Pools of coupons: what is left of each, who got which, and whether that agrees with the rewards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.models import CouponPool, PoolCoupon, Reward
from webapp.queries.rules import find_versions


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool with how many coupons are left and how many were handed out."""

    id: UUID
    key: str
    name: str
    low_at: int
    left: int
    handed_out: int

    @property
    def is_low(self) -> bool:
        return self.left < self.low_at


def list_pools(session: Session, program_id: UUID) -> list[PoolRow]:
    """Return the pools of a program by name."""
    return _read(session, _pools().where(CouponPool.program_id == program_id).order_by(CouponPool.name, CouponPool.id))


def find_pool(session: Session, program_id: UUID, pool_id: UUID) -> PoolRow | None:
    """Return a pool of the program."""
    found = _read(session, _pools().where(CouponPool.program_id == program_id, CouponPool.id == pool_id))
    return found[0] if found else None


def keys_of_pools(session: Session, program_id: UUID) -> set[str]:
    """Return what rules can call pools of the program."""
    return set(session.scalars(select(CouponPool.key).where(CouponPool.program_id == program_id)))


def waiting_for(session: Session, program_id: UUID) -> dict[str, list[UUID]]:
    """Return the approved rewards that wait for a coupon, the oldest first, by the key of the pool."""
    rows = session.execute(
        select(Reward.id, Reward.rule_version_id)
        .where(Reward.program_id == program_id, Reward.kind == "coupon", Reward.status == "approved")
        .order_by(Reward.granted_at, Reward.id)
    ).all()
    versions = find_versions(session, [version_id for _id, version_id in rows])
    waiting: dict[str, list[UUID]] = {}
    for reward_id, version_id in rows:
        waiting.setdefault(str(getattr(versions[version_id].definition.settings, "pool", "")), []).append(reward_id)
    return waiting


def codes_of(session: Session, reward_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the code that was handed out for each of these rewards; for their owner and admins only."""
    if not reward_ids:
        return {}
    rows = session.execute(select(PoolCoupon.reward_id, PoolCoupon.code).where(PoolCoupon.reward_id.in_(reward_ids)))
    return {reward_id: code for reward_id, code in rows if reward_id is not None}


def _pools() -> Any:
    def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    there = PoolCoupon.id.is_not(None)
    return (
        select(
            CouponPool.id,
            CouponPool.key,
            CouponPool.name,
            CouponPool.low_at,
            count_where(there & PoolCoupon.reward_id.is_(None)),
            count_where(PoolCoupon.reward_id.is_not(None)),
        )
        .outerjoin(PoolCoupon, PoolCoupon.pool_id == CouponPool.id)
        .group_by(CouponPool.id, CouponPool.key, CouponPool.name, CouponPool.low_at)
    )


def _read(session: Session, query: Any) -> list[PoolRow]:
    rows = session.execute(query)
    return [PoolRow(id_, key, name, low_at, int(left), int(out)) for id_, key, name, low_at, left, out in rows]


@cache
def _handed_out_asked() -> Executable:
    return (
        select(Reward.id, Reward.kind, Reward.status, func.count(PoolCoupon.id))
        .outerjoin(PoolCoupon, PoolCoupon.reward_id == Reward.id)
        .group_by(Reward.id, Reward.kind, Reward.status)
        .having(
            or_(
                func.count(PoolCoupon.id) > 1,
                (func.count(PoolCoupon.id) > 0) != ((Reward.kind == "coupon") & (Reward.status == "paid")),
            )
        )
    )


def _handed_out(session: Session) -> Iterator[str]:
    """Coupons handed out for rewards that are not paid, and paid rewards without one. Unique keys refuse two."""
    for reward_id, kind, status, count in session.execute(_handed_out_asked()):
        yield f"reward {reward_id}: {count} coupons were handed out for it, and the {kind} is {status}"


# What `ledger verify` asks too.
CHECKS = (_handed_out,)
