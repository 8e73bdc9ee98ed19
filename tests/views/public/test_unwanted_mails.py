"""Turning a kind of mail off by the link in it."""

import threading

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.muting import muting_url
from webapp.services.outbox import queue_mail
from webapp.views.public import unwanted_mails

on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# As long as the other one takes to come to where it has to wait.
MEANWHILE_SECONDS = 0.4


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


@on_sqlite
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


@on_sqlite
def test_one_click_in_a_mail_program_is_enough(app, path):
    # Without cookies, and it follows no redirection (RFC 8058).
    response = browser(app).post(path, data={"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert muted(app) == {"friends_joined": True}
    with app.app_context(), write_transaction() as session:
        ada = session.scalars(select(User)).one()
        assert queue_mail(session, ada, "friends_joined", dedupe_key="1", now=factories.NOON) is None
        assert queue_mail(session, ada, "rewards_ready", dedupe_key="2", now=factories.NOON) is not None


@on_sqlite
@pytest.mark.parametrize("kind", ["cases_waiting", "verify_email", "x"])
def test_a_token_is_good_for_its_own_kind_only(app, client, path, kind):
    other = path.replace("friends_joined", kind)
    assert client.get(other).status_code == client.post(other).status_code == 404
    assert client.post(path[:-1]).status_code == 404
    assert muted(app) == {}


@on_sqlite
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_without_end_turns_nothing_off(app, client, path, kind):
    assert client.post(path, data=b"a=" + b"x" * 64 * 1024, content_type=kind).status_code == 413
    assert muted(app) == {}


def test_of_two_kinds_that_are_turned_off_at_once_both_are(app, path, monkeypatch):
    with app.app_context():
        other = muting_url(db.session.scalars(select(User)).one(), "rewards_ready").removeprefix("http://localhost")
    turning = threading.Thread(target=lambda: browser(app).post(other))
    mute = unwanted_mails.mute

    def mute_slowly(*what):
        if turning.ident is None:
            turning.start()
            turning.join(MEANWHILE_SECONDS)
        mute(*what)

    monkeypatch.setattr(unwanted_mails, "mute", mute_slowly)
    assert browser(app).post(path).status_code == 200
    turning.join()
    assert muted(app) == {"friends_joined": True, "rewards_ready": True}
