"""A forgotten password, and a first one."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from tests.mails import mail_a_link, newest_link, queued, text_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.answer_password_requests import answer_password_requests
from webapp.models import MailedLink, PasswordRequest, User
from webapp.services.sign_in_links import create_sign_in_link

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADA, NEW = "ada@example.com", "quite another sentence"


@pytest.fixture
def ada(app):
    """Ada's browser, signed in; her address is not confirmed."""
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=ADA, password=PASSWORD).email_verified_at = None
        factories.person(session, name="Bob Miller", email="bob@example.org").email_verified_at = None
    client = browser(app)
    sign_in(client, ADA)
    return client


def ask(app, email, *, now=None, client=None):
    """Ask for a link, and let the job answer."""
    response = submit(client or browser(app), "/forgot", {"email": email})
    with app.app_context():
        answer_password_requests(now or utc_now())
    return response


def person(app, email):
    with app.app_context():
        return db.session.scalars(select(User).where(User.email == email)).one()


def test_a_mailed_link_sets_a_password_once_and_signs_out_everywhere(app, ada):
    with app.app_context(), write_transaction() as session:
        create_sign_in_link(session, session.scalars(select(User).where(User.email == ADA)).one(), "once", utc_now())
    visitor = browser(app)
    response = ask(app, " ADA@example.com ", client=visitor)
    assert (response.status_code, response.location) == (303, "/forgot/sent")
    assert queued(app) == [("reset_password", ADA)]
    path = newest_link(app, "reset_password")
    visitor.head(path)
    page = visitor.get(path)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert page.headers["Cache-Control"] == "no-store"
    response = submit(visitor, path, {"password": NEW})
    assert (response.status_code, response.location) == (303, "/login")
    assert "Your password is set." in visitor.get("/login").get_data(as_text=True)
    assert visitor.get("/dashboard").status_code == 302
    assert ada.get("/dashboard").status_code == 302
    assert visitor.get("/sign-in/once").status_code == 410
    assert visitor.get(path).status_code == 410
    assert person(app, ADA).email_verified_at is not None
    assert queued(app)[-1] == ("password_changed", ADA)
    assert submit(visitor, "/login", {"email": ADA, "password": PASSWORD}).status_code == 422
    sign_in(visitor, ADA, NEW)


def test_what_is_mailed_fits_who_it_is_for_and_leads_here_only(app, ada):
    ask(app, ADA)
    subject, text = text_of(app, "reset_password")
    assert subject == "A new password for Grapevine"
    assert f"\n\nhttp://localhost{newest_link(app, 'reset_password')}\n\n" in text
    ask(app, "bob@example.org")
    subject, text = text_of(app, "reset_password")
    assert subject == "Choose your password for Grapevine"
    assert "no password for it yet" in " ".join(text.split())
    path = newest_link(app, "reset_password")
    assert submit(ada, path, {"password": NEW}).status_code == 303
    sign_in(browser(app), "bob@example.org", NEW)
    subject, text = text_of(app, "password_changed")
    assert subject == "Your account at Grapevine has a new password"
    assert "UTC" in text
    assert "http://localhost/forgot" in text


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("email", ["nobody@example.com", "erased@example.com"])
def test_for_nobody_nothing_is_mailed_and_nothing_stays(app, email):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="erased@example.com").erased_at = NOON
    response = ask(app, email)
    assert (response.status_code, response.location) == (303, "/forgot/sent")
    with app.app_context():
        assert db.session.scalars(select(PasswordRequest)).all() == db.session.scalars(select(MailedLink)).all() == []
    assert queued(app) == []


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("email", ["ada", "a" * 250 + "@example.com", "ada\0@example.com"])
def test_what_cannot_be_an_address_is_said(app, email):
    response = submit(browser(app), "/forgot", {"email": email})
    assert response.status_code == 422
    assert "does not look like an e-mail address" in response.get_data(as_text=True)


@pytest.mark.usefixtures("ada")
def test_nobody_is_mailed_more_than_three_times_an_hour(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    for _ in range(5):
        ask(app, ADA)
    assert queued(app) == [("reset_password", ADA)] * 3
    time_machine.shift(timedelta(minutes=61))
    ask(app, ADA)
    assert len(queued(app)) == 4


@pytest.mark.usefixtures("ada")
def test_a_network_asks_twenty_times_an_hour_whoever_it_is_for(app):
    client = browser(app)
    token = factories.csrf_token(client.get("/forgot").get_data(as_text=True))
    answers = [client.post("/forgot", data={"csrf_token": token, "email": f"a{n}@example.com"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [303] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "at least 8"),
        ("", "choose a password"),
        ("password1", "Many people use this one"),
        ("Okafor77", "made of your name"),
    ],
)
def test_a_bad_password_uses_nothing_up(app, password, sentence):
    client, path = browser(app), mail_a_link(app, ADA, "reset_password")
    response = submit(client, path, {"password": password})
    assert response.status_code == 422
    assert sentence in response.get_data(as_text=True)
    assert submit(client, path, {"password": NEW}).status_code == 303


@pytest.mark.usefixtures("ada")
def test_the_half_hour_begins_when_it_was_asked_for(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    submit(browser(app), "/forgot", {"email": ADA})
    time_machine.shift(timedelta(minutes=29))
    with app.app_context():
        assert answer_password_requests(utc_now()) == 1
    path, client = newest_link(app, "reset_password"), browser(app)
    assert client.get(path).status_code == 200
    time_machine.shift(timedelta(minutes=1))
    assert client.get(path).status_code == 410
    # Too late to be of use.
    submit(browser(app), "/forgot", {"email": ADA})
    time_machine.shift(timedelta(minutes=31))
    with app.app_context():
        assert answer_password_requests(utc_now()) == 1
    assert len(queued(app)) == 1


@pytest.mark.usefixtures("ada")
def test_a_newer_link_and_another_address_end_the_one_before(app):
    client = browser(app)
    first, second = (mail_a_link(app, ADA, "reset_password") for _ in range(2))
    assert [client.get(path).status_code for path in (first, second)] == [410, 200]
    with app.app_context(), write_transaction() as session:
        whose = update(User).where(User.email == ADA)
        session.execute(whose.values(email="ada@example.net", email_key="ada@example.net"))
    assert client.get(second).status_code == 410


@pytest.mark.usefixtures("ada")
def test_a_request_that_fails_stops_no_other(app, monkeypatch):
    for email in (ADA, "bob@example.org"):
        submit(browser(app), "/forgot", {"email": email})
    of_job = answer_password_requests.__globals__
    real = of_job["answer_request"]

    def broken(session, request, **kwargs):
        if request.email_key == ADA:
            raise RuntimeError
        return real(session, request, **kwargs)

    monkeypatch.setitem(of_job, "answer_request", broken)
    with app.app_context():
        assert answer_password_requests(utc_now()) == 2
        assert answer_password_requests(utc_now()) == 0
    assert queued(app) == [("reset_password", "bob@example.org")]
