"""Writing rows without objects: what is only ever added needs none, and money is recorded in as little time."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def sent_together(session: Session) -> Iterator[None]:
    """Send what is written inside without waiting for each answer; any failure is raised at the end at the latest.

    Only for statements whose outcome nobody asks for. SQLite has no way to wait for.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    with driver.pipeline():
        yield


@lru_cache
def _insert(model: type[Model]) -> Insert:
    return Model.metadata.tables[model.__tablename__].insert()
