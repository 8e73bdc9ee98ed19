"""Turning a kind of mail off by the link in it."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.muting import muting_url
from webapp.services.outbox import queue_mail

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def path(app):
    """The path by which Ada gets no more mails about friends."""
    with app.app_context():
        with write_transaction() as session:
            factories.person(session, email="ada@example.com")
        ada = db.session.scalars(select(User)).one()
        return muting_url(ada, "friends_joined").removeprefix("http://localhost")


def muted(app):
    with app.app_context():
        return db.session.scalars(select(User.muted_mails)).one()


def test_opening_the_link_changes_nothing_and_its_button_does(app, client, path):
    page = client.get(path).get_data(as_text=True)
    assert "Do you want no more of these mails?" in page
    assert "Friends who joined" in page
    assert "ada@example.com" not in page
    assert muted(app) == {}
    page = client.post(path).get_data(as_text=True)
    assert "You get no more of these mails" in page
    assert muted(app) == {"friends_joined": True}
    assert "You get these mails again" in client.post(path, data={"again": "1"}).get_data(as_text=True)
    assert muted(app) == {}


def test_one_click_in_a_mail_program_is_enough(app, path):
    # Without cookies, and it follows no redirection (RFC 8058).
    response = browser(app).post(path, data={"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert muted(app) == {"friends_joined": True}
    with app.app_context(), write_transaction() as session:
        ada = session.scalars(select(User)).one()
        assert queue_mail(session, ada, "friends_joined", dedupe_key="1", now=factories.NOON) is None
        assert queue_mail(session, ada, "rewards_ready", dedupe_key="2", now=factories.NOON) is not None


@pytest.mark.parametrize("kind", ["cases_waiting", "verify_email", "x"])
def test_a_token_is_good_for_its_own_kind_only(app, client, path, kind):
    other = path.replace("friends_joined", kind)
    assert client.get(other).status_code == client.post(other).status_code == 404
    assert client.post(path[:-1]).status_code == 404
    assert muted(app) == {}
