"""The audit log: what was done, and whether it is whole."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.audit import BEGINNING, Act, entry_hash
from webapp.models import AuditEntry, Program

ROWS_AT_A_TIME = 5_000


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for every entry that is altered, missing or out of its place."""
    for program_id, slug in session.execute(select(Program.id, Program.slug).order_by(Program.slug)):
        yield from _breaches_of(session, program_id, slug)


def _breaches_of(session: Session, program_id: UUID, slug: str) -> Iterator[str]:
    before, expected = BEGINNING, 1
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.program_id == program_id)
        .order_by(AuditEntry.sequence)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    for entry in entries:
        if entry.sequence != expected:
            yield f"program {slug}: entry {expected} of the audit log is missing"
        act = Act(**{field: getattr(entry, field) for field in Act.__slots__})
        if entry_hash(before, act) != entry.hash:
            yield f"program {slug}: entry {entry.sequence} of the audit log does not follow from the one before it"
        before, expected = entry.hash, entry.sequence + 1
