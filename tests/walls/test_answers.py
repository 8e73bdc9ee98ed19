"""What every answer has to say and to leave unsaid, whoever asks for what, by which method."""

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, csrf_token
from tests.walls.house import all_rows, changed, needs_token, routes
from webapp.database import write_transaction
from webapp.security import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "TRACE", "DELETE", "PROPFIND")
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# By which a GET writes, and has to.
WRITING = {"/r/<code>", "/sign-in/<token>", "/signup"}
# Forms of no browser that is signed in, and why nothing is lost by it.
WITHOUT_TOKEN = {
    "/t/clicks": "reads no cookie, and asks who sends it",
    "/mail/off/<kind>/<token>": "reads no cookie, and has a token of its own in its address",
}
# Pages whose address is a secret, and the one that leads to them, send no Referer at all.
TOKEN_PAGES = ("/forgot", "/reset/", "/verify/", "/invitation/", "/sign-in/", "/mail/off/")
MARK = "marked-by-whoever-asks"


def test_every_answer_to_every_method_is_guarded(app, house):
    """Also refusals, failures and answers to methods that nobody knows; none of them repeats what it was sent."""
    methods_of = {}
    for rule in app.url_map.iter_rules():
        methods_of.setdefault(rule.rule, set()).update(rule.methods)
    for rule in {rule.rule: rule for rule in app.url_map.iter_rules()}.values():
        for method in METHODS:
            known = method in methods_of[rule.rule]
            for person in (None, "admin") if known else (None,):
                path = house.path(rule)
                answer = house.clients[person].open(
                    path, method=method, headers={"X-Mark": MARK, "Origin": "https://evil.example"}
                )
                told = f"{method} {path} as {person}: {answer.status}"
                assert answer.status_code < 500, told
                assert known or answer.status_code in {302, 400, 401, 403, 404, 405}, told
                said = {name: answer.headers.get(name) for name in ALWAYS}
                if rule.rule.startswith(TOKEN_PAGES) and said["Referrer-Policy"] == "no-referrer":
                    said["Referrer-Policy"] = ALWAYS["Referrer-Policy"]
                if rule.rule.startswith("/dev/"):
                    # Developers look at mails in a frame, and at a mail alone under a stricter policy.
                    said |= {name: ALWAYS[name] for name in ("Content-Security-Policy", "X-Frame-Options")}
                assert said == ALWAYS, told
                assert MARK.encode() not in answer.data, told
                # No other site's script may read it.
                assert not any(name.startswith("Access-Control-") for name, _value in answer.headers), told
                if method == "HEAD":
                    assert answer.data == b"", told
                if person and answer.data and answer.mimetype == "text/html" and rule.rule != "/api/docs":
                    assert answer.headers.get("Cache-Control") == "no-store", told


@pytest.mark.parametrize(
    "path",
    [
        *("/static/css/app.css", "/static/nowhere.css", "/static/", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py"),
        *("/static/..%2fwsgi.py", "/static/css/../../pyproject.toml", "/static/css/%00app.css"),
        *("/static/vendor/.stamp", "/.git/config", "/instance/grapevine.db", "/%ff", "/nowhere\\..\\wsgi.py"),
    ],
)
def test_files_are_guarded_too_and_none_but_those_for_pages_is_served(client, path):
    with client.get(path) as answer:
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
        assert (answer.status_code == 200) == (path == "/static/css/app.css")


def test_no_get_writes_but_the_three_that_have_to(app, house):
    before = all_rows(app)
    for rule in routes(app, "GET"):
        if rule.rule not in WRITING:
            # Whatever a caching proxy, a scanner or a form of another site would make of it.
            headers = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "DELETE", "X-Method-Override": "PUT"}
            fields = {"_method": "POST", "choice": "reject", "reason": "terms", "role": "admin"}
            house.clients["admin"].get(house.path(rule), headers=headers, query_string=fields).close()
    assert changed(before, all_rows(app)) == {}


def test_pages_that_answer_parts_say_so_to_caches(app, house):
    answering_parts = 0
    for rule in routes(app, "GET"):
        client, path = house.clients["admin"], house.path(rule)
        page = client.get(path)
        if page.status_code != 200 or b"hx-" not in page.data:
            continue
        if client.get(path, headers={"HX-Request": "true"}).data[:200] != page.data[:200]:
            answering_parts += 1
            assert "HX-Request" in page.headers["Vary"], path
            assert page.headers["Cache-Control"] == "no-store", path
    assert answering_parts > 10


def test_a_form_of_another_site_changes_nothing_whatever_it_calls_itself(app, house):
    """No token, a token of nobody, or a content type that reaches the view without asking the browser first."""
    before, without_token = all_rows(app), set()
    for rule in routes(app, "POST"):
        if not needs_token(app, rule):
            without_token.add(rule.rule)
            continue
        for sent in (
            {"data": {"csrf_token": ""}},
            {"json": {"csrf_token": "x"}},
            {"data": "csrf_token=x", "content_type": "text/plain"},
            {"data": b"\xff\xfe", "content_type": "multipart/form-data; boundary=x"},
            {"query_string": {"csrf_token": house.token("admin")}},
        ):
            answer = house.clients["admin"].post(house.path(rule), headers={"Origin": "https://evil.example"}, **sent)
            assert answer.status_code == 400, (rule.rule, sent)
    assert changed(before, all_rows(app)) == {}
    assert without_token == set(WITHOUT_TOKEN)


def test_every_cookie_of_production_is_guarded(make_app):
    app = make_app(GRAPEVINE_ENV="production", BASE_URL="https://friends.example.com")
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD)
        code = factories.link_of(session, ada).code
    client, site = browser(app), "https://friends.example.com"
    answers = [client.get(path, base_url=site) for path in (f"/r/{code}", f"/signup?ref={code}", "/login")]

    def send(path, page=None, **fields):
        token = csrf_token(client.get(page or path, base_url=site).get_data(as_text=True))
        answers.append(client.post(path, base_url=site, data={"csrf_token": token, **fields}))
        assert answers[-1].status_code == 303, path

    send("/login", email="ada@example.com", password=PASSWORD)
    send("/settings/profile", name="Ada", language="", theme="dark")
    send("/settings/profile", name="Ada", language="", theme="")
    send("/logout", page="/dashboard")
    cookies = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in cookies} == {"gv_visitor", "gv_session", "theme"}
    for line in cookies:
        assert "Secure" in line, line
        assert "SameSite=Lax" in line, line
        assert "Path=/" in line, line
        assert "Domain" not in line, line
        # The look is read by the script that sets it, and says nothing.
        assert "HttpOnly" in line or line.startswith("theme="), line
    assert all("max-age" in answer.headers["Strict-Transport-Security"] for answer in answers)
