"""Accepting an invitation, over HTTP, by the link that its mail carries."""

import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.mail import compose
from webapp.mailed_links import draw_link
from webapp.models import MailedLink, User
from webapp.queries.people import find_by_email
from webapp.services.mailed_links import mail_link

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

JO = {"name": "Jo Winter", "email": "jo@winter.example", "role": "marketer"}
CHOSEN = {"password": "nine green bottles"}


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def invite(app, **fields):
    """Let Marta invite Jo, and return the path of the link in the mail, and the mail."""
    with app.app_context(), write_transaction() as session:
        if find_by_email(session, "marta@example.com") is None:
            about = {"name": "Marta Voss", "email": "marta@example.com", "role": "admin"}
            factories.person(session, **about, password=PASSWORD)
    client = browser(app)
    sign_in(client, "marta@example.com")
    assert submit(client, "/admin/users", JO | fields, page="/admin/users/new").status_code == 303
    return mailed(app)


def mailed(app):
    with app.app_context():
        link = db.session.scalars(select(MailedLink).order_by(MailedLink.id.desc())).first()
        mail = compose(db.session.get(User, link.user_id), link.purpose, link=link)
    text = mail.get_body(("plain",)).get_content()
    return re.search(r"http://localhost(/\w+/\S+)", text).group(1), f"{mail['Subject']}\n{text}"


def words(response):
    return " ".join(re.sub("<[^>]+>", " ", response.get_data(as_text=True)).split())


def test_who_is_invited_chooses_a_password_and_is_in(app):
    path, mail = invite(app)
    assert "Marta Voss invites you to" in mail
    client = browser(app)
    page = client.get(path)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    for fact in ("Marta Voss invites you to", "Marketer.", "Sees the charts and figures of the whole program"):
        assert fact in words(page)
    assert 'value="jo@winter.example"' in page.get_data(as_text=True)
    accepted = submit(client, path, CHOSEN)
    assert (accepted.status_code, accepted.location) == (303, "/analytics")
    assert client.get("/analytics").status_code == 200
    with app.app_context():
        jo = find_by_email(db.session(), JO["email"])
        assert (jo.role, jo.email_verified_at) == ("marketer", NOON)
    sign_in(browser(app), JO["email"], CHOSEN["password"])


def test_mails_come_in_the_language_in_which_it_was_accepted(app):
    path, _mail = invite(app)
    client = browser(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert submit(client, path, CHOSEN).status_code == 303
    with app.app_context():
        assert find_by_email(db.session(), JO["email"]).language == "de"


def test_a_program_that_looks_at_mails_uses_nothing_up(app):
    path, _mail = invite(app)
    scanner = browser(app)
    assert [scanner.get(path).status_code, scanner.head(path).status_code] == [200, 200]
    assert scanner.get("/dashboard").status_code == 302
    assert submit(browser(app), path, CHOSEN).status_code == 303


def test_a_link_that_was_used_is_over_for_everybody(app):
    path, _mail = invite(app)
    client = browser(app)
    submit(client, path, CHOSEN)
    late = browser(app)
    over = late.get(path)
    assert (over.status_code, "This invitation was used or is too old" in words(over)) == (410, True)
    assert submit(late, path, {"password": "another good sentence"}, page="/login").status_code == 410
    sign_in(browser(app), JO["email"], CHOSEN["password"])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Please choose a password."),
        ("short", "at least 8 characters"),
        ("password123", "Many people use this one"),
        ("jo.winter", "made of your name or your address"),
    ],
)
def test_a_bad_password_is_refused_and_the_link_stays_good(app, typed, sentence):
    path, _mail = invite(app)
    client = browser(app)
    refused = submit(client, path, {"password": typed})
    assert (refused.status_code, sentence in words(refused)) == (422, True)
    assert client.get("/analytics").status_code == 302
    assert submit(client, path, CHOSEN).status_code == 303


def test_a_link_for_another_purpose_accepts_nothing(app):
    path, _mail = invite(app)
    with app.app_context(), write_transaction() as session:
        link_id, token = draw_link("reset_password")
        jo = find_by_email(session, JO["email"])
        mail_link(session, jo, "reset_password", link_id=link_id, token=token, now=utc_now())
    client = browser(app)
    altered = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (f"/invitation/{token}", altered, f"{path}x", "/invitation/x", "/invitation/%00"):
        assert client.get(wrong).status_code == 410, wrong
        assert submit(client, wrong, CHOSEN, page="/login").status_code == 410


def test_after_a_week_it_is_over_and_a_new_mail_helps(app, now):
    path, _mail = invite(app)
    now.shift(7 * 86_400)
    assert browser(app).get(path).status_code == 410
    marta = browser(app)
    sign_in(marta, "marta@example.com")
    with app.app_context():
        person = f"/admin/users/{find_by_email(db.session(), JO['email']).id}"
    assert "The invitation ran out" in words(marta.get(person))
    submit(marta, f"{person}/invitation", {}, page=person)
    assert submit(browser(app), mailed(app)[0], CHOSEN).status_code == 303


def test_whoever_is_signed_in_is_told_and_makes_room(app):
    path, _mail = invite(app)
    marta = browser(app)
    sign_in(marta, "marta@example.com")
    assert "You are signed in here as Marta Voss." in words(marta.get(path))
    submit(marta, path, CHOSEN)
    assert marta.get("/admin").status_code == 403
    assert "Jo Winter" in words(marta.get("/settings/profile"))


def test_who_invited_need_not_be_an_admin_any_more(app):
    path, _mail = invite(app)
    with app.app_context(), write_transaction() as session:
        find_by_email(session, "marta@example.com").role = "referrer"
    assert submit(browser(app), path, CHOSEN).status_code == 303


def test_an_invited_admin_is_led_to_a_second_factor_where_admins_need_one(app, make_app):
    path, _mail = invite(app, role="admin")
    strict = make_app(ADMIN_SECOND_FACTOR="required")
    client = browser(strict)
    assert submit(client, path, CHOSEN).location == "/admin"
    assert client.get("/admin").location == "/settings/second-factor?next=/admin"


def test_nobody_signs_in_to_an_account_that_was_not_accepted(app):
    invite(app)
    client = browser(app)
    for password in ("", CHOSEN["password"]):
        assert submit(client, "/login", {"email": JO["email"], "password": password}).status_code == 422
