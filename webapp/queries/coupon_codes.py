"""Coupon codes, and whom they credit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key
from webapp.models import CouponCode, Link
from webapp.queries.links import find_live_link


@dataclass(frozen=True, slots=True)
class ListedCoupon:
    """A coupon code with the code of the link that it credits."""

    id: UUID
    code: str
    link_code: str
    created_at: datetime
    retired_at: datetime | None


def find_coupon_link(session: Session, program_id: UUID, code: str) -> Link | None:
    """Return the link that a coupon code credits; None when nobody has it or it is retired.

    A code that was never anybody's coupon and is a link's own counts as that link's coupon. A coupon credits its link
    also when that is retired: the two are shared in different places.
    """
    key = code_key(code)
    if key is None:
        return None
    found = session.execute(
        select(Link, CouponCode.retired_at)
        .join(CouponCode, CouponCode.link_id == Link.id)
        .where(CouponCode.program_id == program_id, CouponCode.code_key == key)
    ).one_or_none()
    if found is None:
        return find_live_link(session, program_id, code)
    link, retired_at = found
    return None if retired_at else link


def has_coupon_of_another(session: Session, program_id: UUID, code: str, person_id: UUID) -> bool:
    """Say whether a code is, or was, the coupon of someone else in the program."""
    taken = (
        select(CouponCode.id)
        .join(Link, Link.id == CouponCode.link_id)
        .where(
            CouponCode.program_id == program_id,
            CouponCode.code_key == code_key(code),
            Link.referrer_id != person_id,
        )
    )
    return session.scalar(taken) is not None


def find_coupon(session: Session, person_id: UUID, coupon_id: UUID) -> CouponCode | None:
    """Return a coupon code of a person, retired or not; None when they have none with this id."""
    return session.scalars(
        select(CouponCode)
        .join(Link, Link.id == CouponCode.link_id)
        .where(CouponCode.id == coupon_id, Link.referrer_id == person_id)
    ).one_or_none()


def list_coupons(session: Session, person_id: UUID) -> list[ListedCoupon]:
    """Return the coupon codes of a person: those that count first, the oldest first, retired ones behind them."""
    rows = session.execute(
        select(CouponCode.id, CouponCode.code, Link.code, CouponCode.created_at, CouponCode.retired_at)
        .join(Link, Link.id == CouponCode.link_id)
        .where(Link.referrer_id == person_id)
        .order_by(CouponCode.retired_at.is_not(None), CouponCode.created_at, CouponCode.id)
    )
    return [ListedCoupon(*row) for row in rows]
