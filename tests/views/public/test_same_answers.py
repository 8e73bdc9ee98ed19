"""Whether an address has an account is told neither by an answer nor by the work that it takes."""

import re
from collections import Counter
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.passwords import verify_password

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADDRESSES = ("known@example.com", "nopassword@example.com", "erased@example.com", "admin@example.com", "no@example.com")


@pytest.fixture
def app(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="known@example.com", password=PASSWORD)
        factories.person(session, email="nopassword@example.com")
        factories.person(session, email="erased@example.com", password=PASSWORD).erased_at = NOON
        factories.person(session, email="admin@example.com", role="admin", password=PASSWORD)
    with app.app_context():
        # What every process makes once, at whoever comes first.
        verify_password(None, PASSWORD)
    return app


@contextmanager
def work_done(app, monkeypatch):
    """Count statements by their text and hashes by their kind."""
    work = Counter()

    def note(_connection, _cursor, statement, *_):
        work[statement] += 1

    def counted(name):
        real = getattr(PasswordHasher, name)

        def call(self, *arguments, **keywords):
            work[name] += 1
            return real(self, *arguments, **keywords)

        return call

    with app.app_context():
        engines = set(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        with monkeypatch.context() as patched:
            for name in ("hash", "verify"):
                patched.setattr(PasswordHasher, name, counted(name))
            yield work
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def answers_of(app, monkeypatch, path, fields):
    """Send the form at a path for each address. Returns what came of it: status, headers, body, and the work done."""
    answers = []
    for email in ADDRESSES:
        client = browser(app)
        token = csrf_token(client.get(path).get_data(as_text=True))
        with work_done(app, monkeypatch) as work:
            response = client.post(path, data={"csrf_token": token, "email": email, **fields})
        # Random for each browser, and of one length.
        body = re.sub(rb'(name="csrf_token"[^>]*value=")[^"]+', rb"\1", response.get_data())
        body = body.replace(email.encode(), b"")
        headers = sorted((name, re.sub("gv_session=[^;]+", "", value)) for name, value in response.headers)
        headers = [(name, value) for name, value in headers if name not in {"Content-Length", "X-Request-ID"}]
        answers.append((response.status_code, headers, body, work))
    return answers


def test_signing_in_with_a_wrong_password(app, monkeypatch):
    first, *others = answers_of(app, monkeypatch, "/login", {"password": "not the password"})
    assert first[0] == 422
    assert (first[3]["verify"], first[3]["hash"]) == (1, 0)
    for answer in others:
        assert answer == first


def test_asking_for_a_forgotten_password(app, monkeypatch):
    first, *others = answers_of(app, monkeypatch, "/forgot", {})
    assert first[0] == 303
    assert sum(count for statement, count in first[3].items() if "password_requests" in statement) == 1
    assert not [statement for statement in first[3] if "FROM users" in statement]
    for answer in others:
        assert answer == first


def test_joining_tells_of_no_account_more_than_of_another(app, monkeypatch):
    """By the contract whoever is new is signed in at once, so that a new address can be told from one that is not."""
    fields = {"name": "Bob Miller", "password": PASSWORD}
    known, nopassword, erased, admin, new = answers_of(app, monkeypatch, "/signup", fields)
    assert (known[0], new[0]) == (422, 303)
    assert all(answer[:3] == known[:3] for answer in (nopassword, erased, admin))
    assert all(answer[3]["hash"] == 1 for answer in (known, nopassword, erased, admin, new))
