"""Tables as files for spreadsheets."""

import csv
from decimal import Decimal
from io import StringIO

import pytest
from sqlalchemy import text

from tests import factories
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.views.csv import BYTE_ORDER_MARK, ROWS_AT_A_TIME, csv_response, neutralised


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_a_text_that_would_be_a_formula_is_made_text(begin):
    assert neutralised(f'{begin}HYPERLINK("//evil.example")') == f'\'{begin}HYPERLINK("//evil.example")'


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Ada;=1+1;@x", "Ada;'=1+1;'@x"),
        ("Ada\t+1", "Ada\t'+1"),
        ("Ada\r\n=1", "Ada\r\n'=1"),
        (" =1+1", " '=1+1"),
        ("\xa0;  -1", "\xa0;  '-1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_so_is_one_that_would_be_where_a_semicolon_ends_a_cell(text, made):
    assert neutralised(text) == made


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("Ada =1", "Ada =1"),
        ("Ada; Bob-Lee, -1", "Ada; Bob-Lee, -1"),
        ("", ""),
        (None, None),
        (-5, -5),
        (Decimal("-5.50"), "-5.50"),
        (Decimal("0E-3"), "0.000"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_numbers_and_plain_words_stay_as_they_are(cell, kept):
    assert neutralised(cell) == kept


def test_a_file_begins_with_its_mark_and_reads_back_as_it_was(in_app):
    rows = [("Şükrü, “Ö”", 1, Decimal("-0.50")), ('quo"te\nline', None, Decimal("12"))]
    response = csv_response("rows-2026", ["Name", "Count", "Amount"], lambda _session: rows)
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="rows-2026.csv"'
    body = response.get_data(as_text=True)
    assert body.startswith(BYTE_ORDER_MARK + "Name,Count,Amount\r\n")
    read = list(csv.reader(StringIO(body.removeprefix(BYTE_ORDER_MARK), newline="")))
    assert read[1:] == [["Şükrü, “Ö”", "1", "-0.50"], ['quo"te\nline', "", "12"]]


def test_rows_are_read_as_they_are_sent_and_nobody_waits_meanwhile(in_app):
    reached = []

    def rows(session):
        for number in range(3 * ROWS_AT_A_TIME):
            reached.append(number)
            yield (session.scalar(text("SELECT count(*) FROM users")),)

    response = csv_response("users", ["Users"], rows)
    parts = response.iter_encoded()
    next(parts)
    assert reached == []
    next(parts)
    assert len(reached) == ROWS_AT_A_TIME
    with write_transaction() as session:
        factories.person(session)
    # Still the moment at which it began.
    assert set(b"".join(parts).split()) == {b"0"}
    assert db.session().scalar(text("SELECT count(*) FROM users")) == 1
