"""A link of the business's own site signs referrers in, and nobody who has become more."""

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from tests.mails import newest_link
from tests.phones import phone_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.queries.people import find_by_email
from webapp.services.sign_in_links import create_sign_in_link

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EMAIL = "ada@example.com"


@pytest.fixture
def ada(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        return factories.person(session, email=EMAIL, password=PASSWORD).id


def by_link(app):
    """Return a browser in which a link of the business's site was opened."""
    client = browser(app)
    with app.app_context(), write_transaction() as session:
        create_sign_in_link(session, find_by_email(session, EMAIL), "secret", utc_now())
    assert client.get("/sign-in/secret").status_code == 303
    return client


def change(app, **values):
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).where(User.email == EMAIL).values(**values))


def answers(client):
    return [client.get(page).status_code for page in ("/dashboard", "/analytics", "/login")]


@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_whoever_becomes_staff_signs_in_themselves(app, ada, role):
    client, typed = by_link(app), browser(app)
    sign_in(typed, EMAIL)
    assert answers(client) == [200, 403, 302]
    change(app, role=role)
    # Led to the page for it, which does not lead back.
    assert answers(client) == [302, 302, 200]
    assert answers(typed) == [200, 200, 302]
    sign_in(client, EMAIL)
    assert answers(client) == [200, 200, 302]


def test_nor_does_the_code_of_an_app_make_up_for_it(app, ada, time_machine):
    phone = phone_of(app, EMAIL)
    client = by_link(app)
    change(app, role="marketer")
    assert submit(client, "/login/code", {"code": phone.code()}).status_code == 303
    assert answers(client) == [302, 302, 200]
    # Whoever has typed the password since is not taken for them, nor the other way round.
    time_machine.shift(60)
    sign_in(client, EMAIL)
    assert submit(client, "/login/code", {"code": phone.code()}).status_code == 303
    assert answers(client) == [200, 200, 302]


def test_nor_another_address_that_is_confirmed_in_that_browser(app, ada):
    client, typed = by_link(app), browser(app)
    sign_in(typed, EMAIL)
    submit(typed, "/settings/sign-in/email", {"email": "ada@example.net", "current_password": PASSWORD})
    assert submit(client, newest_link(app, "change_email"), {}).location == "/settings/sign-in"
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).values(role="marketer"))
        assert db.session.scalars(select(User.email)).all() == ["ada@example.net"]
    assert answers(client) == [302, 302, 200]
