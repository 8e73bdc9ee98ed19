"""The newest of what people with rights did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from webapp.models import AuditEntry, User


@dataclass(frozen=True, slots=True)
class LatestAct:
    """One entry as the newest are told; `actor_name` is None where no person did it."""

    action: str
    subject_id: UUID | None
    details: dict[str, Any]
    actor: str
    actor_name: str | None
    at: datetime


def latest_acts(session: Session, program_id: UUID, *, limit: int) -> list[LatestAct]:
    """Return the newest entries of the audit log of a program."""
    rows = session.execute(
        select(
            AuditEntry.action,
            AuditEntry.subject_id,
            AuditEntry.details,
            AuditEntry.actor,
            User.name,
            AuditEntry.at,
        )
        .outerjoin(User, and_(AuditEntry.actor == "person", User.id == AuditEntry.actor_id))
        .where(AuditEntry.program_id == program_id)
        .order_by(AuditEntry.sequence.desc())
        .limit(limit)
    )
    return [LatestAct(*row) for row in rows]
