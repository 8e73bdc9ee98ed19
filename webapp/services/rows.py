"""Writing rows without objects: what is only ever added needs none, and money is recorded in as little time."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.orm import Session

from webapp.models import Model


def append(session: Session, model: type[Model], rows: list[dict[str, Any]]) -> None:
    """Insert rows, all of them with the same columns, at once; nothing for none."""
    if rows:
        # One row by itself is an ordinary statement, which is quicker than a list of one.
        session.connection().execute(_insert(model), rows[0] if len(rows) == 1 else rows)


@lru_cache
def _insert(model: type[Model]) -> Insert:
    return Model.metadata.tables[model.__tablename__].insert()
