"""The owner sets another password at the very moment at which somebody who knows the former one uses it."""

import re
import threading

import pyotp
import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from tests.phones import phone_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import MailedLink, UserSession
from webapp.passwords import hash_password, verify_password
from webapp.queries.people import find_by_email
from webapp.services.password_changes import set_password
from webapp.views.account import second_factor
from webapp.views.account import sign_in as sign_in_view
from webapp.views.public import sign_in_codes

EMAIL, NEW = "ada@example.com", "quite another sentence"
# As long as the other one takes to come to where it has to wait.
MEANWHILE_SECONDS = 0.4


@pytest.fixture
def ada(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=EMAIL, password=PASSWORD)


def owner_sets_password(app):
    """Return the owner's request, in a thread of its own."""

    def set_it():
        with app.app_context():
            new = hash_password(NEW)
            with write_transaction() as session:
                set_password(session, find_by_email(session, EMAIL), new, NOON)

    return threading.Thread(target=set_it)


def in_force(app):
    """Return what counts now: the password, the address, who is asked for a code, open sessions and open links."""
    with app.app_context():
        user = find_by_email(db.session(), EMAIL)
        sessions = select(func.count()).where(UserSession.ended_at.is_(None))
        links = select(func.count()).where(MailedLink.ended_at.is_(None))
        is_new = verify_password(user.password_hash, NEW)
        return is_new, user.second_factor_since, db.session.scalar(sessions), db.session.scalar(links)


def test_a_code_that_is_typed_meanwhile_signs_nobody_in_for_long(app, ada, monkeypatch):
    phone, client, owner = phone_of(app, EMAIL), browser(app), owner_sets_password(app)
    submit(client, "/login", {"email": EMAIL, "password": PASSWORD})
    use_code = sign_in_codes.use_code

    def use_slowly(*what):
        owner.start()
        owner.join(MEANWHILE_SECONDS)
        return use_code(*what)

    monkeypatch.setattr(sign_in_codes, "use_code", use_slowly)
    submit(client, "/login/code", {"code": phone.code()})
    owner.join()
    assert client.get("/dashboard").status_code == 302
    assert in_force(app) == (True, NOON, 0, 0)


@pytest.mark.parametrize(
    ("view", "before_it_writes", "path", "fields"),
    [
        pytest.param(
            *(sign_in_view, "draw_link", "/settings/sign-in/email"),
            {"email": "thief@example.net", "current_password": PASSWORD},
            id="another address",
        ),
        pytest.param(
            *(sign_in_view, "hash_password", "/settings/sign-in/password"),
            {"current_password": PASSWORD, "password": "a sentence of the thief"},
            id="another password",
        ),
        pytest.param(second_factor, "draw_codes", "/settings/second-factor/new", {}, id="an app of the thief's"),
    ],
)
def test_a_browser_that_is_signed_out_while_it_asks_does_nothing_any_more(
    app, ada, monkeypatch, view, before_it_writes, path, fields
):
    client, owner = browser(app), owner_sets_password(app)
    sign_in(client, EMAIL)
    if view is second_factor:
        submit(client, "/settings/second-factor", {"current_password": PASSWORD})
        secret = "".join(re.search(r'id="factor-secret"[^>]*>([A-Z2-7 ]+)<', client.get(path).text)[1].split())
        fields = {"code": pyotp.TOTP(secret).at(NOON)}
    act = getattr(view, before_it_writes)

    def act_late(*what):
        owner.start()
        owner.join()
        return act(*what)

    monkeypatch.setattr(view, before_it_writes, act_late)
    answer = submit(client, path, fields)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert in_force(app) == (True, None, 0, 0)
