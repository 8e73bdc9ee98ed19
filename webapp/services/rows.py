"""Writing rows without objects: what is only ever added needs none, and money is recorded in as little time.

The text of each statement and what turns values into those of the driver are
made once, as SQLAlchemy makes them; it would find them again for every row.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.orm import Session

from webapp.models import Model
from webapp.transactions import connection_of


def append(session: Session, model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all of them with the same columns in the same order, at once; nothing for none."""
    if rows:
        connection = connection_of(session)
        _appending(model, connection.dialect, tuple(rows[0])).run(connection, rows)


class Insertion:
    """An INSERT into a table, of rows with these columns."""

    def __init__(self, statement: Insert, dialect: Dialect, columns: Sequence[str]):
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if missing := {column.name for column in compiled.insert_prefetch}:
            raise ValueError(f"rows of {statement.table} need {', '.join(sorted(missing))}")
        self.text = str(compiled)
        # The driver's own order where it goes by place; by name it wants all of them in one mapping.
        self._places: Sequence[str] | None = compiled.positiontup
        self._processors: list[tuple[str, Callable[[Any], Any]]] = []
        for name in columns:
            processor = statement.table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self._processors.append((name, processor))

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows; one by itself is an ordinary statement, which is quicker than a list of one."""
        values = [self._values(row) for row in rows]
        connection.exec_driver_sql(self.text, values[0] if len(values) == 1 else values)

    def _values(self, row: dict[str, Any]) -> Any:
        values = dict(row)
        for name, processor in self._processors:
            values[name] = processor(values[name])
        return values if self._places is None else tuple(values[name] for name in self._places)


@lru_cache
def _appending(model: type[Model], dialect: Dialect, columns: tuple[str, ...]) -> Insertion:
    return Insertion(Model.metadata.tables[model.__tablename__].insert(), dialect, columns)
