"""How rows look in a backup: one line a row, the same octets from both engines.

It is what PostgreSQL's COPY calls its text format: values between tabs, `\\N` for none, and a backslash in front of
what would be taken for a separator. Moments are in UTC with six digits behind the second, ids and other octets are
hexadecimal, truth is 1 or 0. Rows stand in the order of their key, text by its octets. So the same rows have the same
digest wherever they are, and a restore is proved by reading it back.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Connection, DateTime, LargeBinary, String, Uuid, inspect
from sqlalchemy.types import JSON, TypeEngine

NONE = "\\N"
# Who may run the jobs just now is nothing to keep, and at which migration the tables stand is said apart.
LEFT_OUT = frozenset({"alembic_version", "job_leases"})
ROWS_AT_ONCE = 2_000
_ESCAPED = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}
# Tabs, line ends and what stands between them among the signs, and the backslash.
_NEEDS_ESCAPE = r"'*[' || char(8) || '-' || char(13) || '\]*'"
_MEANT = {escaped[1]: sign for sign, escaped in _ESCAPED.items()}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is in the database; `kind` is how its values are written."""

    name: str
    kind: str
    in_key: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is in the database, and the columns of its key in their order."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def with_columns(self, names: Sequence[str]) -> "Table":
        """Return the same table with its columns in another order."""
        by_name = {column.name: column for column in self.columns}
        return Table(self.name, tuple(by_name[name] for name in names), self.key)


def tables_in(connection: Connection) -> list[Table]:
    """Return every table that belongs into a backup, by name."""
    found = inspect(connection)
    tables = []
    for name in sorted(set(found.get_table_names()) - LEFT_OUT):
        key = found.get_pk_constraint(name)["constrained_columns"]
        columns = tuple(
            Column(column["name"], _kind(column["type"]), column["name"] in key) for column in found.get_columns(name)
        )
        tables.append(Table(name, columns, tuple(key or (column.name for column in columns))))
    return tables


def read_lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Yield the rows of a table as lines, many at a time, within the connection's transaction."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        yield from _gathered(driver, f"COPY ({_selected(table)}) TO STDOUT")
        return
    cursor = driver.execute(_written_by_sqlite(table))
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield b"\n".join([line for (line,) in rows]) + b"\n"


def write_lines(connection: Connection, table: Table, blocks: Iterable[bytes]) -> None:
    """Insert the rows that `read_lines` wrote, here or on the other engine. `table` has its columns in their order."""
    driver: Any = connection.connection.driver_connection
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    octets = [place for place, column in enumerate(table.columns) if column.kind == "octets"]
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for block in blocks:
                copy.write(_prefixed(block, octets) if octets else block)
        return
    hexadecimal = [place for place, column in enumerate(table.columns) if column.kind in {"id", "octets"}]
    places = ", ".join("?" * len(table.columns))
    rows = (_values(line, hexadecimal) for block in blocks for line in block.decode().split("\n")[:-1])
    driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', rows)  # noqa: S608 - as reflected


def _kind(type_: TypeEngine[Any]) -> str:
    if isinstance(type_, Uuid):
        return "id"
    if isinstance(type_, LargeBinary):
        return "octets"
    if isinstance(type_, DateTime):
        return "moment"
    if isinstance(type_, Boolean):
        return "truth"
    return "text" if isinstance(type_, String | JSON) else "plain"


def _selected(table: Table) -> str:
    """Return the query of which PostgreSQL writes the lines itself."""
    written = {
        "id": "encode(uuid_send({}), 'hex')",
        "octets": "encode({}, 'hex')",
        "moment": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        "truth": "{}::integer",
    }
    values = ", ".join(written.get(column.kind, "{}").format(f'"{column.name}"') for column in table.columns)
    texts = {column.name for column in table.columns if column.kind == "text"}
    key = ", ".join(f'"{name}"' + (' COLLATE "C"' if name in texts else "") for name in table.key)
    return f'SELECT {values} FROM "{table.name}" ORDER BY {key}'  # noqa: S608 - names as reflected


def _gathered(driver: Any, statement: str) -> Iterator[bytes]:
    rows: list[bytes] = []
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            rows.append(bytes(row))
            if len(rows) == ROWS_AT_ONCE:
                yield b"".join(rows)
                rows.clear()
    if rows:
        yield b"".join(rows)


def _written_by_sqlite(table: Table) -> str:
    """Return the query that answers with one line for each row: the quickest way through Python."""
    line = " || char(9) || ".join(_value_in_sqlite(column) for column in table.columns)
    key = ", ".join(f'"{name}"' for name in table.key)
    return f'SELECT CAST({line} AS BLOB) FROM "{table.name}" ORDER BY {key}'  # noqa: S608 - names as reflected


def _value_in_sqlite(column: Column) -> str:
    name = f'"{column.name}"'
    if column.kind in {"id", "octets"}:
        return f"CASE WHEN {name} IS NULL THEN '{NONE}' ELSE lower(hex({name})) END"
    if column.kind == "moment":
        # What SQL itself wrote has no digits behind the second.
        return f"ifnull(substr({name} || '.000000', 1, 26), '{NONE}')"
    if column.kind == "text":
        value = name
        for sign, escaped in _ESCAPED.items():
            value = f"replace({value}, char({ord(sign)}), '{escaped}')"
        # Hardly any text needs it, and to look is quicker. GLOB sees nothing behind a zero.
        needs_it = f"{name} GLOB {_NEEDS_ESCAPE} OR instr({name}, char(0))"
        return f"CASE WHEN {name} IS NULL THEN '{NONE}' WHEN {needs_it} THEN {value} ELSE {name} END"
    return f"ifnull({name}, '{NONE}')"


def _prefixed(block: bytes, octets: list[int]) -> bytes:
    """Mark what is hexadecimal as PostgreSQL wants it of octets, though not of ids."""
    lines = []
    for line in block.split(b"\n")[:-1]:
        values = line.split(b"\t")
        for place in octets:
            if values[place] != NONE.encode():
                values[place] = b"\\\\x" + values[place]
        lines.append(b"\t".join(values) + b"\n")
    return b"".join(lines)


def _values(line: str, hexadecimal: list[int]) -> list[Any]:
    values: list[Any] = line.split("\t")
    if "\\" in line:
        values = [None if value == NONE else _ESCAPE.sub(_meant, value) for value in values]
    for place in hexadecimal:
        if values[place] is not None:
            values[place] = bytes.fromhex(values[place])
    return values


def _meant(escape: re.Match[str]) -> str:
    return _MEANT[escape[1]]
