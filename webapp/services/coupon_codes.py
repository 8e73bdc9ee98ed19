"""Coupon codes that a business gives to those who share."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key
from webapp.domain.seals import Sealer
from webapp.models import CouponCode, Link
from webapp.queries.erasures import is_code_sealed
from webapp.services.audit import record_act


class CouponTakenError(Exception):
    """Somebody else has this code, as a coupon or as the code of a link, or had it: it never changes hands."""


def add_coupon(
    session: Session, link: Link, code: str, *, sealer: Sealer | None = None, by: UUID, now: datetime
) -> CouponCode:
    """Let a coupon code credit a link from now on. One that the same person had counts again.

    The caller has seen to it that `code` can be one. `sealer` knows the codes of people who left.
    Raises CouponTakenError, and then nothing was written.
    """
    key = code_key(code)
    owner = session.scalar(select(Link.referrer_id).where(Link.program_id == link.program_id, Link.code_key == key))
    if owner not in (None, link.referrer_id):
        raise CouponTakenError
    if sealer is not None and is_code_sealed(session, link.program_id, sealer, code):
        raise CouponTakenError
    coupon = CouponCode(program_id=link.program_id, link_id=link.id, code=code, code_key=key, created_at=now)
    # The unique key decides, also against someone who takes the same code at this moment.
    try:
        with session.begin_nested():
            session.add(coupon)
    except IntegrityError:
        had = _of_the_same_person(session, link, key)
        if had.retired_at is None and (had.code, had.link_id) == (code, link.id):
            return had
        coupon = had
        coupon.code, coupon.link_id, coupon.retired_at = code, link.id, None
    session.flush()
    _record(session, coupon, "coupon_added", link.referrer_id, by=by, now=now)
    return coupon


def retire_coupon(session: Session, coupon: CouponCode, *, by: UUID, now: datetime) -> bool:
    """Let a coupon code credit nobody from now on; who came by it stays. Returns False for one that is retired."""
    session.refresh(coupon)
    if coupon.retired_at is not None:
        return False
    coupon.retired_at = now
    session.flush()
    _record(session, coupon, "coupon_retired", session.get_one(Link, coupon.link_id).referrer_id, by=by, now=now)
    return True


def _of_the_same_person(session: Session, link: Link, key: str | None) -> CouponCode:
    coupon = session.scalars(
        select(CouponCode)
        .join(Link, Link.id == CouponCode.link_id)
        .where(
            CouponCode.program_id == link.program_id,
            CouponCode.code_key == key,
            Link.referrer_id == link.referrer_id,
        )
    ).one_or_none()
    if coupon is None:
        raise CouponTakenError
    return coupon


def _record(session: Session, coupon: CouponCode, action: str, person_id: UUID, *, by: UUID, now: datetime) -> None:
    # By its id: a coupon code may hold a name, and the log is never changed.
    about = {"coupon": str(coupon.id)}
    record_act(session, coupon.program_id, action, subject="user", subject_id=person_id, by=by, now=now, details=about)
