"""Putting entries on a program's lists of whom it trusts and whom it does not, and taking them off."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.screening_lists import Entry
from webapp.ids import new_id
from webapp.models import ScreeningEntry
from webapp.queries.screening_entries import EntryRow, find_same
from webapp.services.audit import record_act
from webapp.services.queues import queue_for

LONGEST_NOTE = 300


class EntryThereError(Exception):
    """The list has this entry already."""

    def __init__(self, row: EntryRow) -> None:
        super().__init__(row.id)
        self.row = row


def add_entry(session: Session, program_id: UUID, entry: Entry, *, note: str = "", by: UUID, now: datetime) -> UUID:
    """Put an entry on its list; it counts from the next signup on. Raises EntryThereError."""
    queue_for(session, program_id, "screening_lists")
    if there := find_same(session, program_id, entry):
        raise EntryThereError(there)
    row = ScreeningEntry(
        id=new_id(),
        program_id=program_id,
        list=entry.on,
        kind=entry.kind,
        value=entry.value,
        note=note,
        added_by=by,
        added_at=now,
    )
    session.add(row)
    session.flush()
    _record(session, row, "list_entry_added", by=by, now=now)
    return row.id


def remove_entry(session: Session, program_id: UUID, entry_id: UUID, *, by: UUID, now: datetime) -> bool:
    """Take an entry off its list and say whether it was there; who was looked at by it stays as decided."""
    queue_for(session, program_id, "screening_lists")
    row = session.get(ScreeningEntry, entry_id, populate_existing=True)
    if row is None or row.program_id != program_id:
        return False
    _record(session, row, "list_entry_removed", by=by, now=now)
    session.delete(row)
    session.flush()
    return True


def _record(session: Session, row: ScreeningEntry, action: str, *, by: UUID, now: datetime) -> None:
    # What the entry says may name a person, who can be forgotten.
    details = {"list": row.list, "kind": row.kind}
    record_act(
        session, row.program_id, action, subject="list_entry", subject_id=row.id, by=by, now=now, details=details
    )
