"""Changing the settings by which a program's friends are looked at."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.signal_settings import SignalSettings, change_for_audit, differing
from webapp.models import Program
from webapp.queries.signal_settings import signal_settings_of
from webapp.services.audit import record_act
from webapp.services.queues import queue_for


def change_signals(session: Session, program: Program, wanted: SignalSettings, *, by: UUID, now: datetime) -> bool:
    """Let friends be looked at by other settings from now on, and say whether any differs; who was looked at stays."""
    queue_for(session, program.id, "settings")
    # What was read before waiting may no longer be true.
    session.refresh(program)
    before, problem = signal_settings_of(program)
    details = change_for_audit(before, wanted)
    if not details and problem is None:
        return False
    record_act(
        session,
        program.id,
        "signals_changed",
        subject="program",
        subject_id=program.id,
        by=by,
        now=now,
        details=details or {"changed": []},
    )
    program.signals = differing(wanted.signals)
    program.held_from = wanted.held_from
    program.second_admin_from_minor = wanted.second_admin_from_minor
    session.flush()
    return True
