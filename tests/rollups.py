"""What the roll-ups say, for tests, and whether the rows say the same."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.database import write_transaction
from webapp.domain.counts import ROLL_UPS
from webapp.extensions import db
from webapp.models import Model
from webapp.queries.rollups import breaches
from webapp.services.rollups import rebuild


def counted(session: Session, *columns: InstrumentedAttribute[Any]) -> list[tuple[Any, ...]]:
    """Return these columns of every row of a roll-up that has something in the last of them, sorted."""
    return sorted(tuple(row) for row in session.execute(select(*columns).where(columns[-1] != 0)))


def all_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every roll-up."""
    tables = [Model.metadata.tables[roll_up.table] for roll_up in ROLL_UPS]
    rows = {table.name: sorted(tuple(row) for row in db.session.execute(select(table))) for table in tables}
    db.session.rollback()
    return rows


def assert_proven() -> None:
    """The counts agree with the rows, and to rebuild them gives the very same rows."""
    assert list(breaches(db.session())) == []
    before = all_rows()
    with write_transaction() as session:
        rebuild(session)
    assert all_rows() == before
