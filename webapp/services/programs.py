"""Changing what holds for a whole program."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.settings import FixedSetting, Settings, change_for_audit, changed_settings
from webapp.models import Program
from webapp.queries.programs import fixed_settings, settings_of
from webapp.services.audit import record_act
from webapp.services.queues import queue_for


class FixedSettingError(Exception):
    """A setting can no longer change: what was counted or granted already rests on it."""

    def __init__(self, setting: FixedSetting) -> None:
        super().__init__(setting)
        self.setting = setting


def change_settings(
    session: Session, program: Program, wanted: Settings, *, by: UUID | None, now: datetime
) -> tuple[str, ...]:
    """Let other settings hold from now on, and return the names of those that differ; what was decided stays.

    `by` is who did it, None for the command line. Raises FixedSettingError.
    """
    queue_for(session, program.id, "settings")
    # What was read before waiting may no longer be true.
    session.refresh(program)
    before = settings_of(program)
    changed = changed_settings(before, wanted)
    if not changed:
        return ()
    for setting in fixed_settings(session, program.id):
        if setting in changed:
            raise FixedSettingError(setting)
    # Before the program itself: whoever publishes rules takes the two in this order too.
    record_act(
        session,
        program.id,
        "settings_changed",
        subject="program",
        subject_id=program.id,
        by=by,
        now=now,
        details=change_for_audit(before, wanted),
    )
    for one in fields(Settings):
        setattr(program, one.name, getattr(wanted, one.name))
    session.flush()
    return changed
