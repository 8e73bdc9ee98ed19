"""Keeping what people with rights do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.audit import ACTIONS, BEGINNING, Act, entry_hash
from webapp.ids import new_id
from webapp.models import AuditEntry
from webapp.services.queues import queue_for
from webapp.services.rows import append


def record_act(
    session: Session,
    program_id: UUID,
    action: str,
    *,
    subject: str,
    subject_id: UUID | None,
    by: UUID | None,
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the audit log, in the transaction of the act itself. `by` is a person, None the command line.

    `details` are ids, codes and numbers: never names, addresses or free text,
    which stay where they can be forgotten.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action} is not an act that the audit log knows")
    # One entry after the other: each holds the hash of the one before.
    queue_for(session, program_id, "audit")
    last = session.execute(
        select(AuditEntry.sequence, AuditEntry.hash)
        .where(AuditEntry.program_id == program_id)
        .order_by(AuditEntry.sequence.desc())
        .limit(1)
    ).one_or_none()
    act = Act(
        program_id=program_id,
        sequence=last.sequence + 1 if last else 1,
        at=now,
        actor="person" if by else "command",
        actor_id=by,
        action=action,
        subject=subject,
        subject_id=subject_id,
        details=dict(details or {}),
    )
    row = {field: getattr(act, field) for field in act.__slots__}
    append(session, AuditEntry, [{"id": new_id(), **row, "hash": entry_hash(last.hash if last else BEGINNING, act)}])
