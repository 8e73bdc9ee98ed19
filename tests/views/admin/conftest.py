"""Marta, who runs the program, in a browser of her own; the clock stands still at NOON."""

import re

import pytest
from sqlalchemy import event, select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.money import publish
from tests.views.admin.rule_forms import id_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry


def words(markup):
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


@pytest.fixture
def marta(app, time_machine):
    """Her browser; `marta.user_id` is who she is."""
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        person = factories.person(
            session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD
        )
        user_id = person.id
    client = browser(app)
    sign_in(client, "marta@example.com")
    client.user_id = user_id
    return client


@pytest.fixture
def admin(app, staff):
    """The browser of an admin, at today's date."""
    client = browser(app)
    sign_in(client, "admin@example.com")
    return client


@pytest.fixture
def twenty(app, staff):
    """The address of a rule that is live: 20% of each purchase, in version 1."""
    with app.app_context(), write_transaction() as session:
        publish(session)
    return f"/admin/rules/{id_of(app)}"


@pytest.fixture
def acts(app):
    """Return the audit log, the earliest first: action, subject and details of each entry."""

    def read():
        with app.app_context():
            rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
            return [(row.action, row.subject_id, row.details) for row in rows]

    return read


@pytest.fixture
def statements(app):
    """What is asked of the database; `clear()` it before what is counted."""
    found = []

    def note(_connection, _cursor, statement, *_more):
        found.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def page(marta):
    """Return a page as Marta sees it, without its markup."""

    def read(path, status=200):
        response = marta.get(path)
        assert response.status_code == status
        return words(response.get_data(as_text=True))

    return read
