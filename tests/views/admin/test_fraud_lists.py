"""The lists of whom the program trusts and whom it does not, as admins keep them."""

import pytest
from sqlalchemy import select

from tests.factories import NOON, submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.domain.screening_lists import read_entry
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import ScreeningEntry
from webapp.queries.programs import default_program
from webapp.services.screening_lists import add_entry

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADDRESS = "/admin/fraud/lists"
BOB = {"on": "block", "kind": "email", "value": "b.o.b@gmail.com", "note": "wrote to us"}


def entries(app):
    with app.app_context():
        rows = db.session.scalars(select(ScreeningEntry).order_by(ScreeningEntry.id))
        return [(row.list, row.kind, row.value, row.note) for row in rows]


def test_an_entry_is_put_on_a_list_and_shown_with_who_did_it(app, marta, page):
    assert "Nobody is on this list" in page(ADDRESS)
    sent = submit(marta, ADDRESS, BOB)
    assert (sent.status_code, sent.location) == (303, f"{ADDRESS}?list=block")
    assert entries(app) == [("block", "email", "bob@gmail.com", "wrote to us")]
    shown = page(sent.location)
    assert "It is on the list, and counts from the next signup on." in shown
    assert "1 entry says whom you trust, and whom not" in shown
    assert "bob@gmail.com E-mail address wrote to us Marta Voss" in shown
    assert "Trust wins" in shown
    assert "bob@gmail.com" not in page(f"{ADDRESS}?list=allow")
    submit(marta, ADDRESS, BOB | {"on": "allow"})
    assert "It stands on the other one as well: trust wins." in page(f"{ADDRESS}?list=allow")
    assert "Marta Voss put an e-mail address on the list of those to trust" in page("/admin/audit")


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"value": ""}, "value", "Please write whom it is about"),
        ({"value": "bob"}, "value", "Write an e-mail address as in bob@example.org"),
        ({"kind": "network", "value": "0.0.0.0/0"}, "value", "0.0.0.0/0 is every address there is."),
        ({"kind": "network", "value": "bob@example.org"}, "value", "Write an IP address, or a range of them"),
        ({"kind": "shoe"}, "kind", "Please choose one."),
        ({"on": "maybe"}, None, "Please choose one of the two lists."),
        ({"note": "x" * 301}, "note", "Please write at most 300 characters."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(app, marta, wrong, field, problem):
    sent = submit(marta, ADDRESS, BOB | wrong)
    assert sent.status_code == 422
    page = sent.get_data(as_text=True)
    assert problem in words(page)
    assert field is None or f'id="{field}-error"' in page
    assert (BOB | wrong)["value"] in page
    assert entries(app) == []


def test_the_same_entry_twice_is_said(app, marta):
    submit(marta, ADDRESS, BOB)
    sent = submit(marta, ADDRESS, BOB | {"value": "bob+news@googlemail.com"})
    assert sent.status_code == 422
    said = words(sent.get_data(as_text=True))
    assert "It is on this list already: Marta Voss put it there, Nov 22, 2026 at 12:00" in said.replace("\u202f", " ")
    assert len(entries(app)) == 1


def test_an_entry_is_removed_after_a_question_that_names_it(app, marta, page):
    submit(marta, ADDRESS, BOB | {"on": "allow"})
    with app.app_context():
        (entry_id,) = db.session.scalars(select(ScreeningEntry.id)).all()
    removal = f"{ADDRESS}/{entry_id}/removal"
    assert "Trust bob@gmail.com no longer?" in page(removal)
    assert len(entries(app)) == 1
    sent = submit(marta, removal, {})
    assert (sent.status_code, sent.location) == (303, f"{ADDRESS}?list=allow")
    assert entries(app) == []
    assert "The entry is off the list." in page(sent.location)
    assert marta.get(removal).status_code == 404
    assert marta.get(f"{ADDRESS}/{new_id()}/removal").status_code == 404


def test_however_long_a_list_is_its_page_asks_little(app, marta, statements):
    with app.app_context(), write_transaction() as session:
        of = default_program(session).id
        for number in range(60):
            entry = read_entry("block", "domain", f"d{number}.example")
            add_entry(session, of, entry, by=marta.user_id, now=NOON)
    statements.clear()
    page = marta.get(ADDRESS).get_data(as_text=True)
    assert len(statements) <= 12
    assert "Show older entries" in page
    assert page.count("Remove<") == 51
