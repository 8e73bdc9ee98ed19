"""What stands in the path of a request, whatever the route."""

import re
from urllib.parse import unquote_to_bytes

import pytest

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def named_routes(app):
    """Yield method and path of every route with names in it, once for each of them, that one being {wrong}."""
    for rule in app.url_map.iter_rules():
        for wrong in sorted(rule.arguments) if rule.rule.startswith("/api/v1/") else ():
            path = rule.rule.removeprefix("/api/v1").replace(f"<{wrong}>", "{wrong}")
            for method in sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                yield method, re.sub("<[a-z_]+>", "cus_1", path)


def test_a_name_that_is_not_utf_8_is_nobody_s_and_is_not_repeated(app, api):
    """Else all such bytes were read as one and the same letter, and so were one and the same dispute."""
    routes = list(named_routes(app))
    assert ("POST", "/disputes/{wrong}/outcome") in routes
    for method, path in routes:
        for name in ("%FF", "a%C3%28", "%ED%A0%80", "%C0%80"):
            sent = {"json": {"event_id": "out_1", "outcome": "won"}} if method == "POST" else {}
            # The client of the tests would itself replace what is no text; servers hand on the bytes.
            raw = unquote_to_bytes(f"/api/v1{path.format(wrong=name)}").decode("latin-1")
            response = api.send(method, path.format(wrong=name), environ_overrides={"PATH_INFO": raw}, **sent)
            assert response.status_code == 404, f"{method} {path} with {name}"
            assert response.get_json()["detail"] == "Nothing has a name that is not text in UTF-8."


@pytest.mark.usefixtures("bob")
def test_a_name_may_have_any_letters(api):
    outcome = {"event_id": "out_1", "outcome": "won"}
    answer = api.post("/disputes/%EF%BF%BD%E2%82%AC/outcome", outcome).get_json()
    assert answer["outcome"]["dispute_event_id"] == "\N{REPLACEMENT CHARACTER}\N{EURO SIGN}"
