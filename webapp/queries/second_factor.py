"""The second factor of a person."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import RecoveryCode, SecondFactor


def seed_of(session: Session, user_id: UUID) -> bytes | None:
    """Return what the secret of a person's app is made from; None when they have none."""
    return session.scalar(select(SecondFactor.seed).where(SecondFactor.user_id == user_id))


def count_recovery_codes(session: Session, user_id: UUID) -> int:
    """Return how many recovery codes of a person are left."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0
