"""The API as a program of a business calls it. Every answer is held against the specification that the site serves."""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import schemathesis
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from webapp.extensions import db
from webapp.models import Model

API = "/api/v1"

SIGNUP: dict[str, Any] = {"external_id": "cus_1", "email": "bob@example.org", "name": "Bob Miller"}
CONVERSION: dict[str, Any] = {
    "event_id": "evt_1",
    "type": "purchase",
    "user": {"external_id": "cus_1"},
    "amount": 4999,
    "currency": "USD",
}
REFUND: dict[str, Any] = {"event_id": "ref_1", "conversion_event_id": "evt_1"}
DISPUTE: dict[str, Any] = {"event_id": "dsp_1", "conversion_event_id": "evt_1"}
OUTCOME: dict[str, Any] = {"event_id": "out_1", "outcome": "won"}


@dataclass
class Caller:
    """A program with its key."""

    app: Flask
    secret: str

    @cached_property
    def specification(self) -> Any:
        return _loaded(self.app.test_client().get(f"{API}/openapi.json").get_data(as_text=True))

    def get(self, path: str, **query: object) -> TestResponse:
        return self.send("GET", path, query_string=query)

    def post(self, path: str, body: object = None) -> TestResponse:
        """Send a body as JSON; None sends none."""
        return self.send("POST", path) if body is None else self.send("POST", path, json=body)

    def raw(self, path: str, data: bytes, content_type: str | None = "application/json") -> TestResponse:
        """Send a body as it is."""
        return self.send("POST", path, data=data, content_type=content_type)

    def send(self, method: str, path: str, **sent: Any) -> TestResponse:
        """Send a request. The answer has to be one that the specification knows, in every field."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        response = self.app.test_client().open(f"{API}{path}", method=method, headers=headers, **sent)
        rule, _names = self.app.url_map.bind("localhost").match(response.request.path, method, return_rule=True)
        check_answer(self.specification, str(rule.rule).removeprefix(API), method, response)
        return response


def check_answer(specification: Any, path: str, method: str, response: TestResponse) -> None:
    """Fail unless the specification declares this status of an operation and the answer has its type and schema."""
    operation = specification[path.replace("<", "{").replace(">", "}")][method]
    declared = operation.definition.raw["responses"]
    place = f"{method} {path} answered with {response.status_code}"
    assert str(response.status_code) in declared, f"{place}, which is not declared"
    assert response.mimetype in declared[str(response.status_code)]["content"], f"{place} as {response.mimetype}"
    assert response.headers["Cache-Control"] == "no-store", place
    operation.validate_response(response)


def problems(response: TestResponse) -> list[tuple[str, str]]:
    """Return where and what is wrong, of each error of a refusal; places as in "user.email"."""
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in response.get_json()["errors"]]


def refused(response: TestResponse) -> tuple[int, list[str]]:
    """Return the status of a refusal and the fields that it names."""
    return response.status_code, [place for place, _problem in problems(response)]


def told(response: TestResponse) -> list[str]:
    """Return the codes with which an answer explains itself."""
    return [one["code"] for one in response.get_json()["explanation"]]


def rows(app: Flask) -> dict[str, int]:
    """Return how many rows each table has: what must not change when nothing was written.

    A salt is made for the first address that is looked at, whoever it is of.
    """
    with app.app_context():
        tables = [table for table in Model.metadata.sorted_tables if table.name != "address_salts"]
        return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


@lru_cache
def _loaded(text: str) -> Any:
    return schemathesis.openapi.from_dict(json.loads(text))
