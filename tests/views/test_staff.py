"""The first pages of marketers and admins."""

import re
from uuid import uuid4

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.services.test_signups import join
from webapp.database import write_transaction
from webapp.services.signups import CameBy


@pytest.fixture
def staff(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        for role in ("marketer", "admin"):
            factories.person(session, name="Jo Winter", email=f"{role}@example.com", role=role, password=PASSWORD)


@pytest.fixture
def a_friend(app, staff):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, factories.person(session, name="Ada Okafor", email="ada@example.com"))
        visitor = uuid4()
        for _ in range(3):
            factories.click(session, link, visitor_id=visitor)
        join(session, CameBy(visitor_id=visitor), name="Bob Miller", email="bob.secret@example.org")
        join(session, CameBy(), name="Cy Young", email="cy.secret@example.org")


def page_of(app, role, path):
    client = browser(app)
    sign_in(client, f"{role}@example.com")
    return client.get(path).get_data(as_text=True)


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(("role", "path"), [("marketer", "/analytics"), ("admin", "/admin")])
def test_an_empty_program_says_so(app, role, path):
    page = page_of(app, role, path)
    assert re.search(r'data-metric="clicks"\s+data-value="0"', page)
    assert "No clicks in the last 30 days" in page or "Nobody joined through a friend" in page


@pytest.mark.usefixtures("a_friend")
def test_a_marketer_sees_figures_and_nobody(app):
    page = page_of(app, "marketer", "/analytics")
    assert "3 clicks and 1 signup in the last 30 days" in page
    for name in ("Bob", "Cy Young", "Ada", "secret"):
        assert name not in page


@pytest.mark.usefixtures("a_friend")
def test_an_admin_sees_every_signup_with_its_reason(app):
    page = page_of(app, "admin", "/admin")
    assert "Bob Miller" in page
    assert "Ada Okafor" in page
    assert "Last link opened in the last 60 days" in page
    assert "Cy Young" in page
    assert "Came without a link" in page
    assert "secret" not in page
