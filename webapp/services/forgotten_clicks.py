"""Forgetting old clicks, whose counts stay."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from webapp.domain.periods import day_begins, local_day
from webapp.domain.settings import first_kept_day
from webapp.models import Click, Model, Program
from webapp.transactions import connection_of

# A transaction is as short as this makes it: clicks that come meanwhile wait for it on SQLite.
FORGET_AT_ONCE = 500
_CLICKS = Model.metadata.tables["clicks"]
_PROGRAMS = Model.metadata.tables["programs"]


def clicks_kept_since(program: Program, now: datetime) -> datetime:
    """Return from which moment on clicks of a program are kept: always the beginning of one of its days."""
    first = first_kept_day(local_day(now, program.time_zone), program.keep_clicks_days)
    return day_begins(first, program.time_zone)


def forget_some_clicks(session: Session, program_id: UUID, now: datetime, *, limit: int = FORGET_AT_ONCE) -> int:
    """Delete clicks of a program that are too old, at most `limit`. Returns how many.

    Their days are sealed in the same transaction: what was counted on them stays, and is no longer proved or counted
    anew. A seal never moves back, whatever the settings become.
    """
    connection = connection_of(session)
    if connection.dialect.name == "postgresql":
        # Not while the counts are rebuilt: they would be counted from clicks of which half are gone.
        connection.execute(text("LOCK TABLE program_days IN ROW EXCLUSIVE MODE"))
    program = session.get_one(Program, program_id, populate_existing=True)
    since = clicks_kept_since(program, now)
    old = select(Click.id).where(Click.program_id == program_id, Click.clicked_at < since).limit(limit)
    deleted: int = connection.execute(delete(_CLICKS).where(_CLICKS.c.id.in_(old))).rowcount
    if deleted:
        day = local_day(since, program.time_zone)
        sealed_before = _PROGRAMS.c.sealed_before
        of_program = (_PROGRAMS.c.id == program_id, or_(sealed_before.is_(None), sealed_before < day))
        connection.execute(update(_PROGRAMS).where(*of_program).values(sealed_before=day))
    return deleted
