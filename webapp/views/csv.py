"""Tables as files for spreadsheets: streamed, and with nothing in them that a spreadsheet would run."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO

from flask import Response
from sqlalchemy.orm import Session

from webapp.database import snapshot_for_streaming
from webapp.extensions import db

Cell = str | int | Decimal | None

# A text that begins with one of these is a formula, or may become one; spaces before it do not always count. Where a
# comma is for decimals, a spreadsheet takes a semicolon or a tab for the end of a cell, and knows no quotes within one.
_BEGINS_A_FORMULA = re.compile(r"\A(?=[\t\r\n])|((?:\A|[;\t\r\n])[ \xa0]*)(?=[=+\-@＝＋－＠])")
# Spreadsheets take a file for UTF-8 only when it begins with this.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
ROWS_AT_A_TIME = 200


def csv_response(filename: str, header: Sequence[str], rows: Callable[[Session], Iterable[Sequence[Cell]]]) -> Response:
    """Send a table in parts, as `rows` reads it from one snapshot of the database; nothing is locked meanwhile.

    `rows` is called when the request is over: what it says to people has to be put into words before. Where it thinks
    for long, it yields a row without cells now and then: nothing is sent for it, and the server, which has its turn,
    closes the answer of whoever went away.
    """
    engine = db.engine

    def body() -> Iterator[str]:
        yield BYTE_ORDER_MARK + csv_lines([header])
        with snapshot_for_streaming(engine) as session:
            waiting: list[Sequence[Cell]] = []
            for row in rows(session):
                if not row:
                    yield ""
                    continue
                waiting.append(row)
                if len(waiting) == ROWS_AT_A_TIME:
                    yield csv_lines(waiting)
                    waiting = []
            if waiting:
                yield csv_lines(waiting)

    response = Response(body(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response


def neutralised(cell: Cell) -> Cell:
    """Return a cell that a spreadsheet takes for text when it is text; numbers, negative ones too, stay numbers."""
    if isinstance(cell, str):
        return _BEGINS_A_FORMULA.sub(lambda begin: f"{begin[1] or ''}'", cell)
    return f"{cell:f}" if isinstance(cell, Decimal) else cell


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows of a table as text, with nothing in it that a spreadsheet would run."""
    with StringIO(newline="") as buffer:
        csv.writer(buffer, lineterminator="\r\n").writerows([neutralised(cell) for cell in row] for row in rows)
        return buffer.getvalue()
