"""What the tests of admins look at: Marta, who runs the program, in a browser of her own, and a program to run."""

import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, join, sign_in
from tests.money import DAY, publish
from tests.views.admin.rule_forms import id_of
from tests.views.conftest import two_of_staff
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry
from webapp.services.signups import CameBy


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


@dataclass
class Work:
    """What the tests of an admin's pages ask for: a signed-in browser, and the ids of what is there."""

    client: FlaskClient
    conversion: UUID
    reward: UUID
    held: UUID
    unreferred: UUID
    referral: UUID
    ada: UUID

    def page(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        assert response.status_code == status, path
        return response.get_data(as_text=True)


@pytest.fixture
def beginning(request, beginning):
    return two_of_staff_and_work if "work" in request.fixturenames else beginning


def two_of_staff_and_work():
    """20% of Bob's purchases for Ada after 30 days: one of 49.99 pending, one of 24.00 held for six days."""
    two_of_staff()
    with write_transaction() as session:
        money.publish(session, hold_days=30)
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=money.JOINED)
        visitor = uuid4()
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=money.JOINED - DAY)
        bob, referral = join(session, CameBy(visitor_id=visitor), email="bob.secret@example.org", now=money.JOINED)
        cy, _none = join(session, CameBy(), name="Cy Young", email="cy.secret@example.org", now=money.JOINED)
        bought = money.buy(session, bob, order_id="1001", at=NOON - 10 * DAY)
        held = money.buy(session, bob, "24.00 USD", event_id="evt_2", at=NOON - 12 * DAY)
        money.send(session, held.rewards[0].id, "held", now=NOON - 6 * DAY)
        alone = money.buy(session, cy, event_id="evt_3", at=NOON - 9 * DAY)
        return {
            "conversion": bought.conversion_id,
            "reward": bought.rewards[0].id,
            "held": held.rewards[0].id,
            "unreferred": alone.conversion_id,
            "referral": referral.id,
            "ada": ada.id,
        }


@pytest.fixture
def work(app, staff, began):
    client = browser(app)
    sign_in(client, "admin@example.com")
    return Work(client, **began)
