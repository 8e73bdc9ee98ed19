"""What no browser would send, to every form and every address: refused or read as text, and never a failure."""

import io
import itertools
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from tests.conftest import browser
from tests.factories import csrf_token
from tests.journeys.test_every_page import PAGES
from tests.walls.forms import forms_of
from tests.walls.house import needs_token, routes
from tests.walls.test_payloads_on_pages import queries
from webapp.extensions import db
from webapp.models import User

on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

STRANGE = {
    "a NUL": b"Bo\0b",
    "only a NUL": b"\0",
    "no UTF-8": b"\xff\xfe\xc0\x80",
    "a lone surrogate": b"\xed\xa0\x80",
    "a number without end": b"9" * 5_000,
    "a number below all": b"-" + b"9" * 400,
    "no number": b"NaN",
    "infinity": b"1e999",
    "digits of another script": "٣٤٥".encode(),
    "a fraction of a letter": "½²".encode(),
    "long": b"x" * 20_000,
    "line breaks": b"a\r\nb\nc\x0b\x0c\x85\xe2\x80\xa8d",
    "escapes of a terminal": b"\x1b[31m\x1b]0;x\x07",
    "a bell and a tab": b"\x07\t\x08",
    "invisible": "\u200b\u202e\ufeff\U000e0001".encode(),
    "a path": b"../../../../etc/passwd",
    "SQL": b"' OR 1=1; DROP TABLE users; --%_",
    "an id of nobody": b"00000000-0000-0000-0000-000000000000",
    "an object": b'{"$gt": ""}',
    "no day": b"2026-02-30",
    "the end of time": b"9999-12-31T23:59",
    "the beginning of time": b"0000-00-00",
}
# What a form does not ask for, and must not take from whoever sends it along.
MORE = {
    "role": "admin",
    "id": "0" * 32,
    "user_id": "0" * 32,
    "program_id": "0" * 32,
    "is_admin": "1",
    "admin": "true",
    "email_verified_at": "2020-01-01",
    "verified": "1",
    "password_hash": "x",
    "referred_by": "0" * 32,
    "status": "paid",
    "amount_minor": "999999",
    "external_id": "cus_9",
    "mailbox_key": "x",
    "created_at": "2000-01-01",
    "second_factor_since": "",
    "erased_at": "",
    "referrer_id": "0" * 32,
    "retired_at": "",
    "__class__": "x",
}
# As many as there is time for.
FIELDS, QUERIES = 2, 2
# Of a person's row, what only others or the site itself may set.
NOT_THEIRS = ("role", "program_id", "email_verified_at", "referred_by", "external_id", "created_at", "erased_at")


def paths_of(person, named):
    return dict.fromkeys(page.format(**named).partition(" ")[0] for page in PAGES[person])


def test_no_form_fails_whatever_is_in_its_fields(app, house):
    """One field at a time, the others as they stand, so that it is looked at; then all together."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    strange, tried, failed = itertools.cycle(STRANGE.values()), set(), []
    for person, client in house.clients.items():
        token = house.token(person)
        for action, given in forms_of(client, paths_of(person, house.named), tried=tried):
            names = list(dict.fromkeys(name for name, _kind, _value in given))
            for wrong in [*names[:FIELDS], *names[-2:], None]:
                # Hidden fields and choices too: who sends this is no browser.
                fields = [(name, next(strange) if wrong in (name, None) else value) for name, _kind, value in given]
                data = urlencode([("csrf_token", token), *fields])
                answer = client.post(action, data=data, content_type="application/x-www-form-urlencoded")
                if answer.status_code >= 500:
                    failed.append((action, fields))
            # What is to be text comes as a file, or as no text at all.
            files = {name: (io.BytesIO(b"x"), "x.txt") for name in names}
            for sent in ({"data": {"csrf_token": token, **files}}, {"json": dict.fromkeys(names, 5)}):
                answer = client.post(action, headers={"X-CSRFToken": token}, **sent)
                if answer.status_code >= 500:
                    failed.append((action, sent))
    assert failed == []
    assert len(tried) > 30


def test_no_address_fails_whatever_is_in_it(app, house):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    names, strange, failed = itertools.cycle(queries()), itertools.cycle(STRANGE.values()), []
    for rule in routes(app, "GET"):
        for _ in range(QUERIES):
            path = f"{house.path(rule)}?{urlencode([(next(names), next(strange)[:2_000])])}"
            answer = house.clients["admin"].get(path)
            if answer.status_code >= 500 and rule.rule != "/readyz":
                failed.append(path)
            answer.close()
    assert failed == []


@on_sqlite
def test_what_a_form_does_not_ask_for_is_not_taken(app, house):
    """Each form of people, and of a stranger who joins, with everything that they may not settle."""
    with app.app_context():
        before = {user.id: [getattr(user, name) for name in NOT_THEIRS] for user in db.session.scalars(select(User))}
    tried = set()
    for person in (None, "referrer", "marketer"):
        client, token = house.clients[person], house.token(person)
        for action, given in forms_of(client, paths_of(person, house.named), tried=tried):
            asked = {name for name, _kind, _value in given}
            fields = [(name, value) for name, _kind, value in given]
            more = [(name, value) for name, value in MORE.items() if name not in asked]
            answer = client.post(action, data=MultiDict([*fields, *more, ("csrf_token", token)]))
            assert answer.status_code < 500, action
    joining = browser(app)
    token = csrf_token(joining.get("/signup").get_data(as_text=True))
    fields = {"name": "Zoe Lee", "email": "zoe@example.org", "password": "a good long sentence", "csrf_token": token}
    assert joining.post("/signup", data={**MORE, **fields}).status_code == 303
    with app.app_context():
        after = {user.id: [getattr(user, name) for name in NOT_THEIRS] for user in db.session.scalars(select(User))}
        zoe = db.session.scalars(select(User).where(User.email == "zoe@example.org")).one()
        assert (zoe.role, zoe.email_verified_at, zoe.referred_by, zoe.external_id) == ("referrer", None, None, None)
        # Who has the link that was mailed to this one may say that the address is theirs.
        verified = NOT_THEIRS.index("email_verified_at")
        before[house.named["user"]][verified] = after[house.named["user"]][verified]
        assert {one: values for one, values in after.items() if one != zoe.id} == before
    assert len(tried) >= 8


@on_sqlite
def test_a_body_over_the_limit_is_refused_by_every_route(app, house):
    """64 KiB, or what the view says that it takes; and a hundred fields."""
    refused = 0
    for api in (False, True):
        for rule in routes(app, "POST", api=api):
            most = getattr(app.view_functions[rule.endpoint], "largest_body", 64 * 1024)
            path = house.path(rule)
            kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json")
            for kind in kinds if needs_token(app, rule) else kinds[2:]:
                headers = {"Origin": "http://localhost"}
                answer = house.clients["admin"].post(path, data=b"a" * (most + 1), content_type=kind, headers=headers)
                # The API asks for its key first, and what turns mails off for the token in its address.
                expected = 401 if api else 404 if rule.rule.startswith("/mail/off/") else 413
                assert answer.status_code == expected, (rule.rule, kind)
                refused += answer.status_code == 413
            if needs_token(app, rule):
                parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n' for _ in range(101))
                answer = house.clients["admin"].post(path, data=parts + b"--x--\r\n", content_type=kinds[1])
                assert answer.status_code == 413, rule.rule
    assert refused > 90
