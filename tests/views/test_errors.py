"""Refusals and failures: in the site's look, as problem details under /api, and always with the security headers."""

import pytest
from flask import abort
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from tests import factories
from tests.conftest import browser
from webapp.database import write_transaction
from webapp.errors import SENTENCES

STATUSES = (400, 403, 404, 405, 413, 422, 429, 500, 503)


def failing(app, error):
    """Give the application two routes that fail, one of them under /api."""

    def fail():
        if isinstance(error, int):
            abort(error)
        raise error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fail", "public.fail", fail)
    app.add_url_rule("/api/v1/fail", "public.api_fail", fail)
    return browser(app)


@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_has_its_page(app, status):
    response = failing(app, status).get("/fail")
    page = response.get_data(as_text=True)
    heading, message = SENTENCES[status]
    with app.test_request_context():
        assert str(heading) in page
        assert str(message) in page
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert "tabler.min" in page
    assert 'href="/"' in page
    assert response.headers["X-Request-ID"] in page


@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_of_the_api_is_problem_details(app, status):
    response = failing(app, status).get("/api/v1/fail")
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    problem = response.get_json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


def test_a_failure_shows_nothing_of_its_cause(app):
    response = failing(app, RuntimeError("password=hunter2 at /some/path")).get("/fail")
    assert response.status_code == 500
    assert "hunter2" not in response.get_data(as_text=True)


def test_a_database_that_does_not_answer_is_a_503_that_says_when_to_come_back(app):
    error = OperationalError("SELECT secret", {"email": "a@b.c"}, Exception("gone"))
    response = failing(app, error).get("/fail")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "secret" not in response.get_data(as_text=True)


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "localhost.evil.test",
        "evil.test:80",
        "localhost@evil.test",
        "a b",
        "127.0.0.2",
        "",
        "localhost..",
        ".localhost",
        "a" * 64 + ".test",
        "é",
        "[",
        "localhost:x",
    ],
)
def test_a_foreign_host_is_refused(app, host):
    for path in ("/", "/signup", "/dashboard", "/healthz", "/nowhere"):
        response = browser(app).get(path, headers={"Host": host})
        assert response.status_code == 400, path
        assert "evil" not in response.get_data(as_text=True)
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8123", "LOCALHOST.", "localhost.:8123", "127.0.0.1:1", "friends.Example.COM:443"]
)
def test_our_own_host_is_known_in_every_spelling(make_app, host):
    app = make_app(BASE_URL="https://friends.example.com")
    assert browser(app).get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("base_url", "host", "status"),
    [
        ("http://[::1]:8139", "[::1]:8139", 200),
        ("http://[2001:DB8:0:0::7]", "[2001:db8::7]", 200),
        ("http://[::1]:8139", "[::2]:8139", 400),
        ("http://[::1]:8139", "::1", 400),
        ("http://[::1]:8139", "[::1", 400),
    ],
)
def test_a_host_may_be_an_ipv6_address(make_app, base_url, host, status):
    app = make_app(GRAPEVINE_ENV="production", BASE_URL=base_url)
    assert browser(app).get("/login", headers={"Host": host}).status_code == status


def test_a_forwarded_host_is_not_believed(make_app):
    app = make_app(TRUSTED_PROXIES="1")
    response = browser(app).get("/dashboard", headers={"X-Forwarded-Host": "evil.test"})
    assert "evil" not in response.location


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api"), ("POST", "/api"), ("GET", "/api/"), ("GET", "/api/v1"), ("GET", "/api/x")]
)
def test_below_api_and_at_its_door_refusals_are_problem_details(app, method, path):
    response = browser(app).open(path, method=method)
    assert response.status_code in {401, 404}
    assert response.mimetype == "application/problem+json"


def test_a_page_whose_name_only_begins_like_the_api_is_a_page(app):
    assert browser(app).get("/apiary").mimetype == "text/html"


@pytest.mark.parametrize("path", ["/signup", "/login", "/logout"])
def test_a_body_over_the_limit_is_refused(app, path):
    response = browser(app).post(path, data={"name": "x" * 70_000})
    assert response.status_code == 413


def test_a_form_with_too_many_fields_is_refused(app):
    response = browser(app).post("/signup", data={f"f{n}": "x" for n in range(5000)})
    assert response.status_code in {400, 413}


@pytest.mark.parametrize(
    "path", ["/login", "/nowhere", "/healthz", "/static/css/app.css", "/static/nowhere.css", "/r/x"]
)
def test_every_response_carries_the_security_headers(app, path):
    response = browser(app).get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    response.close()


@pytest.mark.parametrize("path", ["/dashboard", "/", "/nowhere", "/login"])
def test_someone_who_is_signed_in_gets_a_page_too_when_the_database_is_gone(app, path, monkeypatch):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=factories.PASSWORD)
    client = browser(app)
    factories.sign_in(client, "ada@example.com")

    def gone(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr("webapp.signed_in.find_by_session", gone)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response = client.get(path)
    assert response.status_code == (404 if path == "/nowhere" else 503)
    assert "tabler.min" in response.get_data(as_text=True)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_failure_is_logged_by_kind_and_place_and_without_what_was_typed(app, capfd, caplog):
    error = IntegrityError("INSERT INTO users", {"email": "marked@example.org"}, Exception("Key (marked) exists"))
    with capture_logs() as logged:
        failing(app, error).get("/fail")
    everything = f"{logged} {caplog.text} {capfd.readouterr()}"
    assert "marked" not in everything
    [entry] = [entry for entry in logged if entry["event"] == "unhandled"]
    assert entry["error"] == "IntegrityError"
    assert any("test_errors.py" in frame for frame in entry["where"])
