"""Staff, and something for them to look at."""

from uuid import uuid4

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.services.test_signups import join
from webapp.database import write_transaction
from webapp.services.signups import CameBy


@pytest.fixture
def beginning(request):
    return two_of_staff if "staff" in request.fixturenames else None


def two_of_staff():
    with write_transaction() as session:
        for role in ("marketer", "admin"):
            factories.person(session, name="Jo Winter", email=f"{role}@example.com", role=role, password=PASSWORD)


@pytest.fixture
def staff(app, time_machine):
    """A marketer and an admin; the clock stands still at NOON."""
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def a_friend(app, staff):
    """Bob, who came through Ada's link after three clicks, and Cy, who came by themselves."""
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, factories.person(session, name="Ada Okafor", email="ada@example.com"))
        visitor = uuid4()
        for _ in range(3):
            factories.click(session, link, visitor_id=visitor)
        join(session, CameBy(visitor_id=visitor), name="Bob Miller", email="bob.secret@example.org")
        join(session, CameBy(), name="Cy Young", email="cy.secret@example.org")


@pytest.fixture
def page_of(app, staff):
    """Return a page as someone of a role sees it: `page_of("admin", "/admin")`."""

    def page(role, path):
        client = browser(app)
        sign_in(client, f"{role}@example.com")
        return client.get(path).get_data(as_text=True)

    return page
