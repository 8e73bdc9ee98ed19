"""Handing out coupons: each code once, in the order of the upload, to the rewards that became approved first.

Who hands out of a pool queues for it, so that nobody gets a code that somebody
else is about to get, and nobody goes without while there is one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.coupon_pools import MOST_CODES, has_run_low
from webapp.domain.rewards import Change
from webapp.ids import new_id
from webapp.models import CouponPool, PoolCoupon, Reward, User
from webapp.queries.coupon_pools import waiting_for
from webapp.queries.rules import find_versions
from webapp.services.audit import record_act
from webapp.services.outbox import queue_mail
from webapp.services.queues import queue_for
from webapp.services.reward_steps import SYSTEM, Standing, Step, lock_rewards, take_steps
from webapp.services.rows import append
from webapp.transactions import connection_of

HANDED_OUT = "handed_out"
RUNNING_LOW = "coupons_running_low"


class PoolKeyTakenError(Exception):
    """The program has a pool with this key."""


class CodesTakenError(Exception):
    """Some codes are in the pool already."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(f"{len(codes)} codes are in the pool already")
        self.codes = codes


def add_pool(
    session: Session, program_id: UUID, *, key: str, name: str, low_at: int, by: UUID, now: datetime
) -> CouponPool:
    """Make a pool, empty. Raises PoolKeyTakenError."""
    queue_for(session, program_id, "coupon-pools")
    if session.scalar(select(CouponPool.id).where(CouponPool.program_id == program_id, CouponPool.key == key)):
        raise PoolKeyTakenError
    pool = CouponPool(program_id=program_id, key=key, name=name, low_at=low_at, created_at=now)
    session.add(pool)
    session.flush()
    details = {"key": key}
    record_act(
        session,
        program_id,
        "coupon_pool_added",
        subject="coupon_pool",
        subject_id=pool.id,
        by=by,
        now=now,
        details=details,
    )
    return pool


def add_codes(session: Session, pool: CouponPool, codes: Sequence[str], *, by: UUID, now: datetime) -> int:
    """Put new codes into a pool, all or none, and hand out to those who wait. Returns to how many.

    Raises CodesTakenError, which names those that are in it already, and then nothing was written.
    """
    if not 0 < len(codes) <= MOST_CODES:
        raise ValueError(f"from 1 to {MOST_CODES} codes can be added at once")
    queue_for(session, pool.program_id, _name_of(pool.id))
    known = set(session.scalars(select(PoolCoupon.code).where(PoolCoupon.pool_id == pool.id)))
    if taken := [code for code in codes if code in known]:
        raise CodesTakenError(taken)
    rows = [{"id": new_id(), "pool_id": pool.id, "code": code, "added_at": now} for code in codes]
    append(session, PoolCoupon, rows)
    record_act(
        session,
        pool.program_id,
        "coupons_added",
        subject="coupon_pool",
        subject_id=pool.id,
        by=by,
        now=now,
        details={"count": len(codes)},
    )
    return hand_out_to_waiting(session, pool.program_id, now, pool_key=pool.key)


def hand_out_to_waiting(session: Session, program_id: UUID, now: datetime, *, pool_key: str | None = None) -> int:
    """Hand out to approved rewards that wait, of one pool or of all; returns to how many.

    Those that another transaction is busy with are left for the next time.
    """
    waiting = waiting_for(session, program_id)
    ids = [id_ for key, of_pool in waiting.items() if pool_key in (None, key) for id_ in of_pool]
    if not ids:
        return 0
    free = session.scalars(select(Reward.id).where(Reward.id.in_(ids)).with_for_update(skip_locked=True)).all()
    return hand_out(session, free, now)


def hand_out(session: Session, reward_ids: Sequence[UUID], now: datetime) -> int:
    """Hand out a coupon for each of these rewards that is approved, as far as there are any; returns for how many."""
    rewards = [one for one in lock_rewards(session, reward_ids) if (one.kind, one.status) == ("coupon", "approved")]
    by_pool: dict[tuple[UUID, str], list[Standing]] = {}
    versions = find_versions(session, [reward.rule_version_id for reward in rewards])
    for reward in rewards:
        key = str(getattr(versions[reward.rule_version_id].definition.settings, "pool", ""))
        by_pool.setdefault((reward.program_id, key), []).append(reward)
    handed_out = 0
    for (program_id, key), of_pool in sorted(by_pool.items(), key=lambda one: (one[0][0].int, one[0][1])):
        pool = session.scalars(
            select(CouponPool).where(CouponPool.program_id == program_id, CouponPool.key == key)
        ).one_or_none()
        if pool is not None:
            handed_out += _hand_out_of(session, pool, of_pool, now)
    return handed_out


def _hand_out_of(session: Session, pool: CouponPool, rewards: Sequence[Standing], now: datetime) -> int:
    queue_for(session, pool.program_id, _name_of(pool.id))
    left = (PoolCoupon.pool_id == pool.id, PoolCoupon.reward_id.is_(None))
    before = session.execute(select(func.count()).select_from(PoolCoupon).where(*left)).scalar_one()
    ids = session.scalars(select(PoolCoupon.id).where(*left).order_by(PoolCoupon.id).limit(len(rewards))).all()
    if not ids:
        return 0
    pairs = list(zip(ids, rewards, strict=False))
    connection = connection_of(session)
    for coupon_id, reward in pairs:
        handed = update(PoolCoupon.__table__).where(  # type: ignore[arg-type]
            PoolCoupon.__table__.c.id == coupon_id, PoolCoupon.__table__.c.reward_id.is_(None)
        )
        if connection.execute(handed.values(reward_id=reward.id, handed_out_at=now)).rowcount != 1:
            raise RuntimeError("a coupon was handed out twice")
    steps = [Step(reward, Change("paid"), HANDED_OUT, ()) for _id, reward in pairs]
    take_steps(session, steps, actor=SYSTEM, now=now)
    if has_run_low(before, before - len(pairs), pool.low_at):
        _tell_admins(session, pool, before - len(pairs), now)
    return len(pairs)


def _tell_admins(session: Session, pool: CouponPool, left: int, now: datetime) -> None:
    """Queue one mail for each admin whose address is known to be theirs, once for this crossing."""
    out = session.execute(
        select(func.count())
        .select_from(PoolCoupon)
        .where(PoolCoupon.pool_id == pool.id, PoolCoupon.reward_id.is_not(None))
    ).scalar_one()
    who = (User.program_id == pool.program_id, User.role == "admin", User.email_verified_at.is_not(None))
    for admin in session.scalars(select(User).where(*who)).all():
        queue_mail(session, admin, RUNNING_LOW, dedupe_key=f"{RUNNING_LOW}:{pool.id}:{out}:{left}:{admin.id}", now=now)


def _name_of(pool_id: UUID) -> str:
    return f"coupon-pool:{pool_id}"
