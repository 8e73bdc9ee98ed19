"""A full house, and every route of the site with something of it in its address."""

import itertools
from collections.abc import Iterator
from typing import Any

from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from tests.conftest import browser
from tests.factories import csrf_token, sign_in
from tests.journeys.houses import fill
from tests.journeys.test_every_page import PAGES
from webapp.extensions import csrf, db
from webapp.ids import new_id
from webapp.models import Model

# What a name in a route is called by `fill`; what is none of them names nothing.
CALLED = {
    **{
        f"{noun}_id": noun
        for noun in ("link", "reward", "user", "key", "pool", "entry", "referral", "conversion", "rule")
    },
    "referrer_id": "user",
}
OTHERS = {
    "category": "person",
    "kind": "svg",
    "template": "verify_email",
    "external_id": "cus_1",
    "event_id": "evt_0_usd",
    "act": "pause",
}


class House:
    """The people of PAGES, signed in, and what addresses name."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.named: dict[str, Any] = fill(app, full=True)
        self.clients: dict[str | None, FlaskClient] = {person: browser(app) for person in PAGES}
        for person, client in self.clients.items():
            if person:
                sign_in(client, f"{person}@example.com")

    def path(self, rule: Rule, **instead: Any) -> str:
        """Return an address of a route that names what is in the house, or what is given instead."""
        values = {name: instead.get(name, self._value(name)) for name in rule.arguments}
        with self.app.test_request_context():
            return rule.build({**values}, append_unknown=False)[1]

    def token(self, person: str | None) -> str:
        """Return the token with which this person's browser sends forms."""
        page = self.clients[person].get("/settings/profile" if person else "/login")
        return csrf_token(page.get_data(as_text=True))

    def _value(self, name: str) -> Any:
        if name in CALLED:
            return self.named[CALLED[name]]
        return self.named.get(name, OTHERS.get(name) or new_id())


def routes(app: Flask, method: str, *, api: bool = False) -> Iterator[Rule]:
    """Yield the routes that know a method: those for people, or those of the API."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.rule.startswith("/api/v1/") == api:
            yield rule


def needs_token(app: Flask, rule: Rule) -> bool:
    """Say whether a form has to carry its token here, as Flask-WTF decides it."""
    with app.test_request_context(method="POST"):
        request.url_rule = rule
        return not csrf._is_exempt()


def all_rows(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that is stored, table by table."""
    with app.app_context():
        found = {}
        for table in Model.metadata.sorted_tables:
            rows = db.session.execute(select(table)).all()
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
        db.session.remove()
    return found


def changed(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the rows of each table that are not as they were."""
    return {
        name: [
            one
            for one, other in itertools.zip_longest(before[name], after[name])
            if one not in after[name] or other not in before[name]
        ]
        for name in before
        if before[name] != after[name]
    }
