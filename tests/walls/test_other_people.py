"""What belongs to somebody else, or to another program of the same site, is not there."""

import re
import sqlite3

import pytest
from sqlalchemy import select, update

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.views.api.test_scopes import API_ROUTES
from tests.walls.house import all_rows, changed, routes
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, Model, Program, User
from webapp.services.keys import create_key

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# The program that pages are about, and those who look at them.
STAFF = ("marketer@example.com", "admin@example.com")
# Whose mistake is an empty page: what is in the query names nothing that the address names.
IN_QUERIES = (
    "/admin/rewards/decision?choice=reject&reward={pending}",
    "/admin/ledger?person={user}",
    "/admin/rewards?person={user}",
    "/admin/conversions?person={user}",
    "/admin/referrals?person={user}",
)


@pytest.fixture
def elsewhere(app, house):
    """All that the house holds is another program's; only staff and the program itself stay."""
    with app.app_context(), write_transaction() as session:
        other, file = money.another_program(session).id, session.get_bind().url.database
    # Past the application: it keeps apart what belongs together.
    with sqlite3.connect(file) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for table in Model.metadata.sorted_tables:
            if "program_id" in table.columns:
                stay = f"WHERE email NOT IN {STAFF}" if table is User.__table__ else ""
                connection.execute(f"UPDATE {table.name} SET program_id = ? {stay}", (other.bytes,))
    connection.close()
    return house


def test_nothing_of_another_program_is_found_by_its_id(app, elsewhere):
    before, tried = all_rows(app), 0
    token = elsewhere.token("admin")
    for method in ("GET", "POST"):
        for rule in routes(app, method):
            ids = [name for name in rule.arguments if name.endswith("_id")]
            if not ids or rule.rule.startswith(("/dashboard", "/settings")):
                continue
            path = elsewhere.path(rule)
            fields = {"csrf_token": token, "reason": "terms", "role": "admin", "choice": "reject", "note": "x"}
            sent = {"data": fields} if method == "POST" else {}
            answer = elsewhere.clients["admin"].open(path, method=method, **sent)
            assert answer.status_code == 404, f"{method} {path}"
            tried += 1
    assert tried > 40
    assert changed(before, all_rows(app)) == {}


def test_nothing_of_another_program_is_decided_by_an_id_in_a_form(app, elsewhere):
    before, named, token = all_rows(app), elsewhere.named, elsewhere.token("admin")
    rewards = {"choice": "reject", "reason": "terms", "note": "x", "reward": f"{named['pending']}:1"}
    case = {"choice": "reject", "case": f"{named['user']}:person"}
    for path, fields in (
        ("/admin/rewards/decision", rewards),
        ("/admin/rewards/decision", {**rewards, "choice": "release"}),
        ("/admin/fraud/decision", rewards),
        (f"/admin/fraud/{named['user']}/person", rewards),
    ):
        answer = elsewhere.clients["admin"].post(path, data={**fields, "csrf_token": token})
        assert answer.status_code in {404, 422}, (path, fields)
    for path, query in (("/admin/rewards/decision", rewards), ("/admin/fraud/decision", case)):
        page = elsewhere.clients["admin"].get(path, query_string=query)
        assert page.status_code == 404 or "Maximiliane" not in page.get_data(as_text=True), path
        assert b'name="reward"' not in page.data, path
    assert changed(before, all_rows(app)) == {}


def test_nothing_of_another_program_is_shown_in_lists(app, elsewhere):
    names = ("Maximiliane", "Öztürk", "evt_0_usd", "evt_4_usd")
    named = {name: str(value) for name, value in elsewhere.named.items()}
    for rule in [*routes(app, "GET"), *IN_QUERIES]:
        path = rule.format(**named) if isinstance(rule, str) else rule.rule
        if not path.startswith(("/admin", "/analytics")) or "<" in path:
            continue
        answer = elsewhere.clients["admin"].get(path)
        assert answer.status_code in {200, 404}, path
        page = answer.get_data(as_text=True)
        found = [name for name in (*names, named["user"], named["reward"]) if name in page and name not in path]
        assert found == [], path


def test_nothing_of_somebody_else_is_found_by_its_id(app, house):
    """Every route with an id below the pages of a person, for somebody who has the same kind of things."""
    tried, before = 0, None
    for method in ("GET", "POST"):
        for rule in routes(app, method):
            ids = [name for name in rule.arguments if name.endswith("_id")]
            if not ids or not rule.rule.startswith(("/dashboard", "/settings")):
                continue
            for person in ("marketer", "admin"):
                token = house.token(person)
                before = before or all_rows(app)
                sent = {"data": {"csrf_token": token, "text": "x", "label": "x"}} if method == "POST" else {}
                answer = house.clients[person].open(house.path(rule), method=method, **sent)
                assert answer.status_code == 404, f"{method} {rule.rule} as {person}"
                tried += 1
    assert tried >= 12
    assert changed(before, all_rows(app)) == {}


def test_staff_of_another_program_are_nobody_here(app):
    with app.app_context(), write_transaction() as session:
        other = money.another_program(session)
        for role in ("marketer", "admin"):
            person = factories.person(session, email=f"{role}@example.com", role=role, password=PASSWORD)
            person.program_id = other.id
    for role, path in (
        ("marketer", "/analytics"),
        ("admin", "/admin"),
        ("admin", "/admin/users"),
        ("admin", "/analytics"),
    ):
        client = browser(app)
        sign_in(client, f"{role}@example.com")
        assert client.get(path).status_code == 403, path


def test_each_route_of_the_api_is_for_the_programs_own_keys(app, house):
    """What is there for a key is not there for that of another program, nor for one that was revoked or reads only."""
    with app.app_context(), write_transaction() as session:
        own, other = factories.program(session), money.another_program(session)
        session.execute(update(User).where(User.id == house.named["user"]).values(external_id="cus_1"))
        for program, name, scope in ((own, "own", "write"), (other, "other", "write"), (own, "reads", "read")):
            create_key(session, program, name=name, scope=scope, secret=f"gvk_{name}", now=NOON)
        named = {
            "external_id": "cus_1",
            "event_id": session.scalars(select(Conversion.event_id).where(Conversion.event_id.is_not(None))).first(),
            "reward_id": house.named["reward"],
            "code": house.named["code"],
        }
    before, found = all_rows(app), 0
    for route in API_ROUTES:
        method, path = route.split(" ")
        path = re.sub("<(.*?)>", lambda name: str(named[name[1]]), path)
        sent = {"json": {"event_id": "x_1", "amount": 1, "currency": "USD"}} if "redemptions" in path else {}
        sent = sent or ({"json": {}} if method == "POST" else {})

        def ask(name, method=method, path=path, sent=sent):
            return app.test_client().open(path, method=method, headers={"Authorization": f"Bearer gvk_{name}"}, **sent)

        if "<" in route and method == "GET":
            found += ask("own").status_code == 200
            assert ask("own").status_code == 200, path
        if method == "POST":
            assert ask("reads").status_code == 403, path
        answer = ask("other")
        if "<" in route and not path.endswith("/outcome"):
            assert answer.status_code == 404, path
        elif method == "GET":
            assert answer.get_json()["data"] == [], path
        else:
            assert answer.status_code == 422, path
    assert found >= 6
    assert changed(before, all_rows(app)) == {}
    with app.app_context():
        assert db.session.query(Program).count() == 2
