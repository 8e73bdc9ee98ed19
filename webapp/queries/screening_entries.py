"""A program's lists of whom it trusts and whom it does not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from webapp.domain.screening_lists import KINDS, Entry, EntryKind, ListName
from webapp.models import ScreeningEntry, User
from webapp.queries.paging import older_than

PAGE = 50

_KINDS: dict[str, EntryKind] = {kind: kind for kind in KINDS}


def entries_of(session: Session, program_id: UUID) -> list[Entry]:
    """Return what stands on a program's lists."""
    rows = session.scalars(select(ScreeningEntry).where(ScreeningEntry.program_id == program_id))
    return [_entry(row) for row in rows]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry, and who put it on the list; `added_by` is their name."""

    id: UUID
    entry: Entry
    note: str
    added_by: str
    added_at: datetime


def list_entries(
    session: Session, program_id: UUID, on: ListName, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[EntryRow], UUID | None]:
    """Return what stands on a list, the newest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    whose = and_(ScreeningEntry.program_id == program_id, ScreeningEntry.list == on)
    query = _rows().where(whose)
    if before is not None:
        query = query.where(older_than(session, ScreeningEntry.added_at, ScreeningEntry.id, before, of=whose))
    ordered = query.order_by(ScreeningEntry.added_at.desc(), ScreeningEntry.id.desc()).limit(limit + 1)
    rows = [_row(*found) for found in session.execute(ordered)]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def count_entries(session: Session, program_id: UUID) -> dict[ListName, int]:
    """Return how many entries each list has."""
    counted = select(ScreeningEntry.list, func.count()).where(ScreeningEntry.program_id == program_id)
    found = dict(session.execute(counted.group_by(ScreeningEntry.list)).all())
    return {"allow": found.get("allow", 0), "block": found.get("block", 0)}


def find_entry(session: Session, program_id: UUID, entry_id: UUID) -> EntryRow | None:
    """Return an entry of a program's lists; None when there is none with this id."""
    return _found(session, ScreeningEntry.program_id == program_id, ScreeningEntry.id == entry_id)


def find_same(session: Session, program_id: UUID, entry: Entry) -> EntryRow | None:
    """Return the entry that says the same on the same list; None when there is none."""
    return _found(
        session,
        ScreeningEntry.program_id == program_id,
        ScreeningEntry.list == entry.on,
        ScreeningEntry.kind == entry.kind,
        ScreeningEntry.value == entry.value,
    )


def _found(session: Session, *wanted: ColumnElement[bool]) -> EntryRow | None:
    row = session.execute(_rows().where(*wanted)).one_or_none()
    return _row(*row) if row else None


def _rows() -> Select[ScreeningEntry, str]:
    return select(ScreeningEntry, User.name).join(User, User.id == ScreeningEntry.added_by)


def _row(row: ScreeningEntry, added_by: str) -> EntryRow:
    return EntryRow(row.id, _entry(row), row.note, added_by, row.added_at)


def _entry(row: ScreeningEntry) -> Entry:
    return Entry("allow" if row.list == "allow" else "block", _KINDS[row.kind], row.value)
