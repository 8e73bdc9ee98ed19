"""Writing rows without objects, and asking for some: what is only ever added needs none, and is recorded in less time.

The text of each statement and what turns values into those of the driver are
made once, as SQLAlchemy makes them; it would find them again for every row.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Insert, LargeBinary, Select, bindparam
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from webapp.models import Model
from webapp.models.base import Id, Moment
from webapp.transactions import connection_of

# At the most so many rows stand in one statement of SQLite. Each number has a statement of its own, which connections
# keep prepared.
MOST_AT_ONCE = 64
# On PostgreSQL fewer rows than these are sent one by one, all in one message.
MANY = 4


def append(session: Session, model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all of them with the same columns in the same order, at once; nothing for none."""
    if rows:
        connection = connection_of(session)
        _appending(model, connection.dialect, tuple(rows[0])).run(connection, rows)


class Insertion:
    """An INSERT into a table, of rows with these columns. Many of them are one statement."""

    def __init__(self, statement: Insert, dialect: Dialect, columns: Sequence[str]):
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if missing := {column.name for column in compiled.insert_prefetch}:
            raise ValueError(f"rows of {statement.table} need {', '.join(sorted(missing))}")
        self.text = str(compiled)
        # The driver's own order where it goes by place; by name it wants all of them in one mapping.
        self._by_place = compiled.positiontup is not None
        self._columns: Sequence[str] = compiled.positiontup or columns
        kinds = [statement.table.c[name].type for name in self._columns]
        self._processors = [
            (place, processor) for place, kind in enumerate(kinds) if (processor := _processor(kind, dialect))
        ]
        self._head, _, rest = self.text.partition(" VALUES ")
        self._places, self._conflict, self._otherwise = rest.partition(" ON CONFLICT ")
        arrays = zip(self._columns, (kind.dialect_impl(dialect).compile(dialect) for kind in kinds), strict=True)
        self._arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in arrays)

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows."""
        columns = [[row[name] for row in rows] for name in self._columns]
        for place, processor in self._processors:
            columns[place] = list(map(processor, columns[place]))
        if self._by_place:
            self._run_by_place(connection, list(zip(*columns, strict=True)))
        elif len(rows) >= MANY:
            connection.exec_driver_sql(self._text_of_arrays(), dict(zip(self._columns, columns, strict=True)))
        else:
            values = [dict(zip(self._columns, row, strict=True)) for row in zip(*columns, strict=True)]
            # One by itself is an ordinary statement, which is quicker than a list of one.
            connection.exec_driver_sql(self.text, values[0] if len(values) == 1 else values)

    def _run_by_place(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), MOST_AT_ONCE):
            some = rows[start : start + MOST_AT_ONCE]
            connection.exec_driver_sql(self._text_of_rows(len(some)), tuple(chain.from_iterable(some)))

    @lru_cache  # noqa: B019 - there are as many of these as there are statements in the code
    def _text_of_rows(self, number: int) -> str:
        return f"{self._head} VALUES {', '.join([self._places] * number)}{self._conflict}{self._otherwise}"

    @lru_cache  # noqa: B019
    def _text_of_arrays(self) -> str:
        """Return the statement that takes each column as one array: it is the same for any number of rows."""
        names = ", ".join(self._columns)
        into = self._head.partition("(")[0]
        # Names of our own tables and columns, and places for values.
        return f"{into}({names}) SELECT * FROM unnest({self._arrays}){self._conflict}{self._otherwise}"  # noqa: S608


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what turns a value into the driver's: SQLAlchemy's own, or the same in less time."""
    if dialect.name == "sqlite" and isinstance(kind, Id):
        return _id_in_sqlite
    if dialect.name == "sqlite" and isinstance(kind, Moment):
        return _moment_in_sqlite
    if dialect.name == "sqlite" and isinstance(kind, LargeBinary):
        # The driver takes octets as they are.
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _id_in_sqlite(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def _moment_in_sqlite(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def bind(name: str, like: ColumnElement[Any]) -> BindParameter[Any]:
    """Return a value of a statement that is given when it is run, of the kind of a column."""
    return bindparam(name, type_=like.type)


class Lookup:
    """A SELECT with values that are given when it is run: text once, as an Insertion is."""

    def __init__(self, statement: Select[Any], dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._places: Sequence[str] | None = compiled.positiontup
        self._processors = {name: _processor(value.type, dialect) for name, value in compiled.binds.items()}
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
