"""What a page asks the database does not grow with what there is to see."""

import re

import pytest
from sqlalchemy import event

from tests import money
from tests.conftest import browser
from tests.crowd import crowd
from tests.factories import sign_in
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.queries import rules

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

MOST_QUERIES = 12
PAGES = (
    *("/dashboard", "/dashboard?days=90", "/dashboard/referrals", "/dashboard/referrals?show=waiting"),
    *("/dashboard/rewards", "/dashboard/rewards?status=pending&month=2026-11", "/dashboard/rewards/statement/2026-11"),
    *("/dashboard/links", "/settings/profile", "/settings/mail"),
)


def queries_of(app, client, path):
    """Return what a page asks the database, the very first time that a process shows it."""
    asked = []

    def note(_conn, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            asked.append(statement)

    with app.app_context():
        engines = list(db.engines.values())
    rules._sets.clear()
    rules._versions.clear()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    page = client.get(path)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    assert page.status_code == 200
    return asked, page.get_data(as_text=True)


def test_ten_and_a_thousand_rows_take_as_many_queries(app, house):
    client = browser(app)
    sign_in(client, "ada@example.com")

    def grow(count, tag):
        with app.app_context(), write_transaction() as session:
            crowd(session, session.get_one(User, house["ada"]), count, tag=tag)

    with app.app_context(), write_transaction() as session:
        money.buy(session, session.get_one(User, house["bob"]), "5.00 USD")
    grow(10, "few")
    few = {path: queries_of(app, client, path)[0] for path in PAGES}
    grow(990, "many")
    for path in PAGES:
        many, page = queries_of(app, client, path)
        assert len(many) == len(few[path]) <= MOST_QUERIES, f"{path}: {many}"
        if path == "/dashboard":
            assert re.search(r'data-metric="pending"\s+data-value="100100"', page)
        if path == "/dashboard/links":
            assert page.count("link-row") == 1001
