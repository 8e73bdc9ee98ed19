"""Breaking the database at a chosen statement, and telling what it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.database import writing_engine
from webapp.extensions import db
from webapp.models import Model
from webapp.queries import rules


def gone() -> OperationalError:
    return OperationalError("a statement", {}, ConnectionError("the connection is gone"))


@contextmanager
def counting(*, fails_at: int | None = None) -> Iterator[dict[str, int]]:
    """Count the statements, and let the engine fail at one of them."""
    counted = {"seen": 0}

    def see(*_anything: object) -> None:
        counted["seen"] += 1
        if counted["seen"] == fails_at:
            raise gone()

    event.listen(writing_engine(), "before_cursor_execute", see)
    try:
        yield counted
    finally:
        event.remove(writing_engine(), "before_cursor_execute", see)


def dump(session: Session | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, as it is committed, or as a session in a transaction sees it."""
    reading = session or db.session()
    found = {
        table.name: [tuple(row) for row in reading.connection().execute(select(table).order_by(*table.primary_key))]
        for table in Model.metadata.sorted_tables
    }
    if session is None:
        reading.rollback()
    return found


def written() -> list[tuple[str, ...]]:
    """Return every row of every table as it is committed, in its words: quick to compare, hard to read."""
    driver: Any = db.session.connection().connection.driver_connection
    row = "one::text" if db.engine.dialect.name == "postgresql" else "*"
    found = []
    for table in Model.metadata.sorted_tables:
        rows = driver.execute(f"SELECT {row} FROM {table.name} AS one").fetchall()
        found += [(table.name, *map(str, one)) for one in rows]
    db.session.rollback()
    return sorted(found)


def canonical(dumped: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Return a dump with ids replaced by their number: new ones are drawn each time, in the order of time.

    The hash of an audit entry, the last column, is made of ids too.
    """
    numbers: dict[UUID, int] = {}
    dumped = {**dumped, "audit_entries": [row[:-1] for row in dumped["audit_entries"]]}
    return {
        table: [
            tuple(numbers.setdefault(value, len(numbers)) if isinstance(value, UUID) else value for value in row)
            for row in rows
        ]
        for table, rows in dumped.items()
    }


def forget() -> None:
    """Let everything be read anew, as by a new process: the same number of statements each time."""
    db.session.remove()
    rules._sets.clear()
    rules._versions.clear()
