"""A mailed link confirms an address: a button does, opening the page does not."""

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, sign_in, submit
from tests.mails import mail_a_link, newest_link, queued, text_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.services.keys import create_key

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

BOB = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD, "ref": ""}


@pytest.fixture
def bob(app):
    client = browser(app)
    assert submit(client, "/signup", BOB).status_code == 303
    return client


def is_verified(app, email="bob@example.org"):
    with app.app_context():
        return db.session.scalars(select(User.email_verified_at).where(User.email == email)).one() is not None


def test_whoever_joins_gets_a_link_and_only_its_button_confirms(app, bob):
    assert queued(app) == [("verify_email", "bob@example.org")]
    subject, text = text_of(app, "verify_email")
    path = newest_link(app, "verify_email")
    assert subject == "Please confirm your e-mail address for Grapevine"
    assert f"\n\nhttp://localhost{path}\n\n" in text
    scanner = browser(app)
    scanner.head(path)
    scanner.get(path, headers={"Sec-Purpose": "prefetch"})
    page = scanner.get(path)
    assert page.status_code == 200
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert not is_verified(app)
    assert "Please confirm your e-mail address." in bob.get("/dashboard").get_data(as_text=True)
    response = submit(bob, path, {})
    assert (response.status_code, response.location) == (303, "/dashboard")
    assert is_verified(app)
    page = bob.get("/dashboard").get_data(as_text=True)
    assert "bob@example.org is confirmed." in page
    assert "Please confirm" not in page
    # Once.
    again = bob.get(path)
    assert again.status_code == 410
    assert "used or is too old" in again.get_data(as_text=True)
    token = factories.csrf_token(bob.get("/dashboard").get_data(as_text=True))
    assert bob.post(path, data={"csrf_token": token}).status_code == 410


def test_in_another_browser_it_leads_to_signing_in(app, bob):
    phone = browser(app)
    assert submit(phone, newest_link(app, "verify_email"), {}).location == "/login"
    assert "bob@example.org is confirmed." in phone.get("/login").get_data(as_text=True)
    assert is_verified(app)
    assert phone.get("/dashboard").status_code == 302


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("wrong", ["x", "%00", "A" * 3000, "reset", "altered"])
def test_what_is_no_such_link_is_one_page(app, wrong):
    token = newest_link(app, "verify_email").removeprefix("/verify/")
    if wrong == "reset":
        token = mail_a_link(app, "bob@example.org", "reset_password").removeprefix("/reset/")
    elif wrong == "altered":
        token = f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"
    else:
        token = wrong
    response = browser(app).get(f"/verify/{token}")
    assert response.status_code == 410
    assert not is_verified(app)


def test_the_mail_can_be_had_again_but_not_without_end(app, bob):
    again = "/settings/sign-in/verification?next=/dashboard"
    for _ in range(2):
        assert submit(bob, again, {}, page="/dashboard").location == "/dashboard"
    page = bob.get("/dashboard").get_data(as_text=True)
    assert "A mail is on its way to bob@example.org" in page
    assert "Send the mail again" in page
    refused = submit(bob, again, {}, page="/dashboard")
    assert refused.status_code == 429
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    said = refused.get_data(as_text=True)
    assert "Several mails went there lately. The next one can go in 60 minutes." in said
    # Where they are now, and where they come to when they try again.
    assert 'href="/dashboard"' in said
    assert 'action="/settings/sign-in/verification?next=/dashboard"' in said
    assert queued(app) == [("verify_email", "bob@example.org")] * 3


def test_spellings_of_one_mailbox_are_mailed_no_more_often_than_one(app):
    for number in range(5):
        assert submit(browser(app), "/signup", {**BOB, "email": f"bob+{number}@example.org"}).status_code == 303
    assert len(queued(app)) == 3


def test_nobody_is_mailed_whom_the_business_reports(app):
    with app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret="gvk_x", now=utc_now())
    body = {"external_id": "cus_1", "email": "bob@example.org", "name": "Bob Miller"}
    answer = browser(app).post("/api/v1/signups", json=body, headers={"Authorization": "Bearer gvk_x"})
    assert answer.status_code == 201
    assert queued(app) == []
    assert not is_verified(app)


def test_a_link_that_went_to_an_address_of_before_confirms_nothing(app, bob):
    path = newest_link(app, "verify_email")
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).values(email="bob@example.net", email_key="bob@example.net"))
    assert bob.get(path).status_code == 410


def test_who_is_confirmed_needs_no_mail(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
    ada = browser(app)
    sign_in(ada, "ada@example.com")
    assert submit(ada, "/settings/sign-in/verification", {}, page="/dashboard").status_code == 303
    assert queued(app) == []
