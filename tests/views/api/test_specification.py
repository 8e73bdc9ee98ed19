"""The specification is valid and true, and the page about it shows all of it and needs nobody else."""

import json
import re
from html import unescape

import pytest
import schemathesis

from tests.conftest import browser
from tests.views.api.caller import API, CONVERSION, REFUND, SIGNUP
from webapp.security import CONTENT_SECURITY_POLICY
from webapp.views.api.operations import OPERATIONS, REFUSALS
from webapp.views.api.specification import specification


@pytest.fixture
def spec(client):
    response = client.get(f"{API}/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.get_json()


def operations_of(spec):
    """Yield path, method and operation."""
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def nodes(node):
    """Yield every object in a document."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def test_it_is_openapi_3_1(spec):
    assert spec["openapi"] == "3.1.0"
    # Held against the schema of OpenAPI 3.1 itself.
    schemathesis.openapi.from_dict(spec).validate()


def test_an_invalid_specification_would_be_found(spec):
    del spec["paths"]["/signups"]["post"]["responses"]["201"]["description"]
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(spec).validate()


def test_every_path_and_method_of_the_url_map_is_in_it_and_no_other(app, spec):
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule).removeprefix(API), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{API}/") and rule.rule != f"{API}/openapi.json"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _operation in operations_of(spec)} == routes
    assert routes


def test_every_reference_leads_somewhere_and_every_schema_is_used(spec):
    wanted = {node["$ref"] for node in nodes(spec) if "$ref" in node}
    assert wanted == {f"#/components/schemas/{name}" for name in spec["components"]["schemas"]}


def test_ids_are_unique_and_what_is_in_a_path_is_a_parameter(spec):
    operations = list(operations_of(spec))
    assert len({operation["operationId"] for _path, _method, operation in operations}) == len(operations)
    for path, _method, operation in operations:
        in_path = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", path)
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")


def test_every_operation_wants_a_key(spec):
    assert spec["security"] == [{"key": []}]
    assert spec["components"]["securitySchemes"]["key"] == {"type": "http", "scheme": "bearer"}
    for path, _method, operation in operations_of(spec):
        assert "security" not in operation, path
        assert {"401", "429"} <= set(operation["responses"]), path
        assert operation["responses"]["429"]["headers"]["Retry-After"]["schema"]["type"] == "integer"


def test_what_writes_declares_what_can_go_wrong_with_a_body(spec):
    for path, method, operation in operations_of(spec):
        assert ("403" in operation["responses"]) == (method == "post"), path
        assert ("requestBody" in operation) == ("400" in operation["responses"]), path
        if "requestBody" in operation:
            assert operation["requestBody"]["required"]
            assert {"409", "413", "415", "422"} <= set(operation["responses"]), path


def test_no_object_that_is_sent_may_hold_unknown_fields(spec):
    for name in ("SignupBody", "ConversionBody", "PersonBody", "RefundBody"):
        assert spec["components"]["schemas"][name]["additionalProperties"] is False


def test_it_says_where_the_site_is(make_app):
    app = make_app(BASE_URL="https://friends.example.com")
    spec = browser(app).get(f"{API}/openapi.json").get_json()
    assert spec["servers"] == [{"url": "https://friends.example.com/api/v1"}]


def test_its_examples_are_taken_as_they_stand(api, clock, spec):
    statuses = {}
    for path in ("/signups", "/conversions", "/refunds"):
        example = spec["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        statuses[path] = api.post(path, example).status_code
    assert statuses == {"/signups": 201, "/conversions": 201, "/refunds": 201}


def test_answers_that_it_does_not_declare_would_be_found(api, monkeypatch):
    """The other tests of this folder hold every answer against it: here is one that it does not know."""
    changed = json.loads(json.dumps(specification("http://localhost/api/v1")))
    del changed["paths"]["/signups"]["post"]["responses"]["201"]
    changed["components"]["schemas"]["ConversionPart"]["properties"]["amount"] = {"type": "string"}
    monkeypatch.setattr("webapp.views.public.api_docs.specification", lambda _server: changed)
    with pytest.raises(AssertionError, match="POST /signups answered with 201, which is not declared"):
        api.post("/signups", SIGNUP)
    with pytest.raises(AssertionError, match="Response violates schema"):
        api.post("/conversions", CONVERSION)
    assert api.post("/refunds", REFUND).status_code == 201


@pytest.fixture
def docs(client):
    response = client.get("/api/docs")
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    return response.get_data(as_text=True)


def test_the_page_shows_every_operation_with_its_fields_and_statuses(docs, spec):
    text = unescape(re.sub(r"<[^>]+>", " ", docs))
    for path, method, operation in operations_of(spec):
        section = docs.split(f'id="{operation["operationId"]}"')[1].split("</section>")[0]
        shown = unescape(section)
        assert f"{method.upper()} /api/v1{path}" in shown
        assert operation["summary"] in shown
        assert operation["description"] in shown
        for status, response in operation["responses"].items():
            assert f"<code>{status}</code>" in section, f"{path} {status}"
            assert response["description"] in text
        for parameter in operation["parameters"]:
            assert f"<code>{parameter['name']}</code>" in section
        if "requestBody" in operation:
            body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            for name in spec["components"]["schemas"][body]["properties"]:
                assert f"<code>{name}</code>" in section, f"{path} {name}"
    assert "<code>user.external_id</code>" in docs
    assert "<code>rewards[].rule.key</code>" in docs
    for words in REFUSALS.values():
        assert words in unescape(docs)


def test_the_page_shows_calls_that_work_when_they_are_copied(docs, api, clock):
    """Each example is what the page shows: its path, its method and its body, sent in the order of the page."""
    seen = {}
    for shown in map(unescape, re.findall(r"<pre[^>]*>(.*?)</pre>", docs, re.DOTALL)):
        assert "-H 'Authorization: Bearer gvk_…'" in shown
        path = re.match(r"curl http://localhost/api/v1(\S+)", shown)[1]
        body = re.search(r"-d '(.*)'", shown)
        method = "POST" if body or "-X POST" in shown else "GET"
        response = api.send(method, path, **({"json": json.loads(body[1])} if body else {}))
        seen[f"{method} {path}"] = response.status_code
    assert len(seen) == len(OPERATIONS)
    # The code of the example is nobody's, and nobody has earned any store credit.
    none = ["POST /users/cus_1/credit/redemptions", "POST /users/cus_1/credit/redemptions/evt_1/reversal"]
    none.append("POST /rewards/01890a5d-ac96-774b-bcce-b302099a8057/fulfilment")
    assert [call for call, status in seen.items() if status >= 400] == [*none, "GET /codes/7KX2MWRT9P"]


def test_the_page_loads_nothing_from_another_origin(docs, client):
    loaded = re.findall(r'<(?:script|img|iframe|embed|object|source|link)\b[^>]*?(?:src|href|data)="([^"]*)"', docs)
    assert loaded
    assert [url for url in loaded if not url.startswith(("/", "data:")) or url.startswith("//")] == []
    links = re.findall(r'<a\b[^>]*?href="([^"]*)"', docs)
    assert [url for url in links if not url.startswith(("/", "#", "http://localhost/"))] == []
    for url in loaded:
        if url.startswith("/"):
            response = client.get(url)
            assert response.status_code == 200, url
            response.close()
