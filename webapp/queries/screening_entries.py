"""A program's lists of whom it trusts and whom it does not."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.screening_lists import KINDS, Entry, EntryKind
from webapp.models import ScreeningEntry


def entries_of(session: Session, program_id: UUID) -> list[Entry]:
    """Return what stands on a program's lists."""
    rows = session.scalars(select(ScreeningEntry).where(ScreeningEntry.program_id == program_id))
    kinds: dict[str, EntryKind] = {kind: kind for kind in KINDS}
    return [Entry("allow" if row.list == "allow" else "block", kinds[row.kind], row.value) for row in rows]
