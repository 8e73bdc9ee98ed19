"""Writing rows without objects, and asking for some: what is only ever added needs none, and is recorded in less time.

The text of each statement and what turns values into those of the driver are
made once, as SQLAlchemy makes them; it would find them again for every row.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Insert, Select, bindparam
from sqlalchemy.orm import Session

from webapp.models import Model
from webapp.transactions import connection_of

# Fewer rows than these are sent one by one, all in one message.
MANY = 4


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

        self._columns = columns
        self._text_of_many = _of_many(self.text, statement, dialect, columns) if dialect.name == "postgresql" else None

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows; one by itself is an ordinary statement, which is quicker than a list of one."""
        if self._text_of_many and len(rows) >= MANY:
            columns = {name: [row[name] for row in rows] for name in self._columns}
            for name, processor in self._processors:
                columns[name] = list(map(processor, columns[name]))
            connection.exec_driver_sql(self._text_of_many, columns)
            return
        values = [self._values(row) for row in rows]
        connection.exec_driver_sql(self.text, values[0] if len(values) == 1 else values)

    def _values(self, row: dict[str, Any]) -> Any:
        values = dict(row)
        for name, processor in self._processors:
            values[name] = processor(values[name])
        return values if self._places is None else tuple(values[name] for name in self._places)


def _of_many(text: str, statement: Insert, dialect: Dialect, columns: Sequence[str]) -> str:
    """Return the statement that takes each column as one array: PostgreSQL is told of any number of rows at once."""
    head, _, rest = text.partition(" VALUES ")
    _, conflict, otherwise = rest.partition(" ON CONFLICT ")
    kinds = {name: statement.table.c[name].type.dialect_impl(dialect).compile(dialect) for name in columns}
    names = head.partition("(")[2].rpartition(")")[0].split(", ")
    arrays = ", ".join(f"%({name})s::{kinds[name]}[]" for name in names)
    # Names of our own tables and columns, and places for values.
    return f"{head} SELECT * FROM unnest({arrays}){conflict}{otherwise}"  # noqa: S608


def bind(name: str, like: ColumnElement[Any]) -> BindParameter[Any]:
    """Return a value of a statement that is given when it is run, of the kind of a column."""
    return bindparam(name, type_=like.type)


class Lookup:
    """A SELECT with values that are given when it is run: text once, as an Insertion is."""

    def __init__(self, statement: Select[Any], dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._places: Sequence[str] | None = compiled.positiontup
        self._processors = {
            name: value.type.dialect_impl(dialect).bind_processor(dialect) for name, value in compiled.binds.items()
        }
        kinds = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self._results = [kind.result_processor(dialect, None) for kind in kinds]

    def run(self, connection: Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows found."""
        given = {
            name: processor(values[name]) if processor else values[name] for name, processor in self._processors.items()
        }
        asked = given if self._places is None else tuple(given[name] for name in self._places)
        return [
            tuple(read(value) if read else value for read, value in zip(self._results, row, strict=True))
            for row in connection.exec_driver_sql(self.text, asked)
        ]


@lru_cache
def _appending(model: type[Model], dialect: Dialect, columns: tuple[str, ...]) -> Insertion:
    return Insertion(Model.metadata.tables[model.__tablename__].insert(), dialect, columns)
