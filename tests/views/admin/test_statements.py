"""Anybody's month, as an admin reads it."""

import csv
from io import StringIO

import pytest

from tests import money
from tests.factories import NOON
from tests.money import DAY
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.ids import new_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_a_month_adds_up_in_every_account(app, work):
    with app.app_context(), write_transaction() as session:
        money.refund(session, "25.00 USD", at=NOON - DAY)
        money.send(session, work.held, "approved", "in_payout", "paid", now=NOON)
    page = work.page(f"/admin/users/{work.ada}/statements/2026-11")
    said = words(page)
    assert "$9.80 for November 2026" in said
    assert "The month is not over yet." in said
    # Pending, held, approved, in payout, clawback, paid; and what is not paid of them.
    assert "Before November 2026 — — — — — — $0.00" in said
    assert "Earned $14.80 — — — — — $14.80" in said
    assert "Taken back -$5.00 — — — — — -$5.00" in said
    assert "Moved between accounts -$4.80 — — — — $4.80 -$4.80" in said
    assert "Now $5.00 — — — — $4.80 $5.00" in said
    assert "They keep" in said
    assert f'href="/admin/ledger?person={work.ada}"' in page
    earlier = words(work.page(f"/admin/users/{work.ada}/statements/2026-10"))
    assert "Nothing stood or moved in this month" in earlier
    assert "/statements/2026-12" not in page
    assert f"/admin/users/{work.ada}/statements/2026-11" in work.page(f"/admin/users/{work.ada}")


def test_the_file_runs_from_what_stood_there_to_what_stands_there(app, work):
    with app.app_context(), write_transaction() as session:
        money.refund(session, "25.00 USD", at=NOON - DAY)
        money.send(session, work.held, "approved", "in_payout", "paid", now=NOON)
    response = work.client.get(f"/admin/users/{work.ada}/statements/2026-11.csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="statement-2026-11.csv"'
    text = response.get_data(as_text=True).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    rows = [(row["What"], row["Amount"], row["Not paid yet"]) for row in csv.DictReader(StringIO(text))]
    assert rows == [
        ("Before November 2026", "", "0.00"),
        ("Earned", "4.80", "4.80"),
        ("Earned", "10.00", "14.80"),
        ("$5.00 taken off, because the order was sent back", "-5.00", "9.80"),
        ("Paid", "-4.80", "5.00"),
        ("Now", "", "5.00"),
    ]


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "x"])
def test_a_month_that_is_none_or_nobody_has_no_statement(work, month):
    for what in (month, f"{month}.csv"):
        assert work.client.get(f"/admin/users/{work.ada}/statements/{what}").status_code == 404
    assert work.client.get(f"/admin/users/{new_id()}/statements/2026-11").status_code == 404
