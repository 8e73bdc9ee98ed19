"""Pages of a list, the latest first: each begins after the row with which the one before ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session


class UnknownCursorError(Exception):
    """No row of the list has this id."""


def older_than(
    session: Session,
    at: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[UUID],
    before: UUID,
    *,
    of: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Return what is true of the rows after the row `before`, by moment and then by id.

    `of` says which rows the list has. Raises UnknownCursorError.
    """
    moment = session.execute(select(at).where(row_id == before, of)).scalar_one_or_none()
    if moment is None:
        raise UnknownCursorError
    return or_(at < moment, and_(at == moment, row_id < before))
