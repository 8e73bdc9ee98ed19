"""Every route of the API for every kind of key. A route without a row fails in tests/views/test_routes.py."""

import pytest

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.services.keys import create_key

KEYS = ("none", "unknown", "revoked", "read", "write")

# What each of KEYS gets; nothing that is named is there, and what is sent is empty.
API_ROUTES = {
    "POST /api/v1/signups": (401, 401, 401, 403, 422),
    "POST /api/v1/conversions": (401, 401, 401, 403, 422),
    "POST /api/v1/refunds": (401, 401, 401, 403, 422),
    "POST /api/v1/disputes": (401, 401, 401, 403, 422),
    "POST /api/v1/disputes/<event_id>/outcome": (401, 401, 401, 403, 422),
    "GET /api/v1/users/<external_id>": (401, 401, 401, 404, 404),
    "GET /api/v1/users/<external_id>/rewards": (401, 401, 401, 404, 404),
    "GET /api/v1/users/<external_id>/credit": (401, 401, 401, 404, 404),
    "POST /api/v1/users/<external_id>/credit/redemptions": (401, 401, 401, 403, 422),
    "POST /api/v1/users/<external_id>/credit/redemptions/<event_id>/reversal": (401, 401, 401, 403, 404),
    "POST /api/v1/users/<external_id>/sign-in-link": (401, 401, 401, 403, 404),
    "GET /api/v1/referrals": (401, 401, 401, 200, 200),
    "GET /api/v1/rewards": (401, 401, 401, 200, 200),
    "POST /api/v1/rewards/<reward_id>/fulfilment": (401, 401, 401, 403, 404),
    "GET /api/v1/conversions/<event_id>": (401, 401, 401, 404, 404),
    "GET /api/v1/conversions/<event_id>/explanation": (401, 401, 401, 404, 404),
    "GET /api/v1/codes/<code>": (401, 401, 401, 404, 404),
}


@pytest.fixture
def headers(app):
    """What is sent along with each of KEYS."""
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        for name in KEYS[2:]:
            scope = "read" if name == "read" else "write"
            key = create_key(session, program, name=name, scope=scope, secret=f"gvk_{name}", now=NOON)
            key.revoked_at = NOON if name == "revoked" else None
    return {name: {} if name == "none" else {"Authorization": f"Bearer gvk_{name}"} for name in KEYS}


@pytest.mark.parametrize("route", API_ROUTES)
def test_every_key_gets_what_the_row_says(client, headers, route):
    method, path = route.split(" ")
    body = {"json": {}} if method == "POST" else {}
    for name, status in zip(KEYS, API_ROUTES[route], strict=True):
        response = client.open(path, method=method, headers=headers[name], **body)
        assert response.status_code == status, f"{route} with the key {name!r}"
        if status >= 400:
            assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "gvk_write",
        "Basic gvk_write",
        "Bearer",
        "Bearer ",
        "Bearer gvk_writ",
        "Bearer gvk_write x",
        "Bearer GVK_WRITE",
    ],
)
def test_a_key_counts_only_as_it_was_given(client, headers, header):
    response = client.get("/api/v1/rewards", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
