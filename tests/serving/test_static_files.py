"""Files and refusals as the real server sends them in production."""

import re

import brotli
import pytest

from tests.serving.server import get, request
from webapp.security import HEADERS, HSTS

pytestmark = pytest.mark.slow

PRODUCTION = {"GRAPEVINE_ENV": "production"}


def test_files_of_a_page_are_hashed_kept_for_ever_and_compressed_and_refusals_carry_the_security_headers(
    site, subtests
):
    with site.server(environ=PRODUCTION) as server:
        with subtests.test("files"):
            files_are_hashed_kept_for_ever_and_compressed(server)
        with subtests.test("refusals"):
            every_refusal_carries_the_security_headers(server)


def files_are_hashed_kept_for_ever_and_compressed(server):
    page = get(server.port, "/login").body.decode()
    # A file of ours that was edited since the last build goes out under its plain name; installed ones never do.
    names = set(re.findall(r'(?:href|src)="(/static/vendor/[^"#]+)', page))
    styles_and_scripts = [name for name in names if name.endswith((".css", ".js"))]
    assert len(styles_and_scripts) >= 2
    for name in names:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", name), name
        plain = get(server.port, name)
        assert plain.status == 200
        assert plain.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert_guarded(plain)
    compressed = 0
    for name in styles_and_scripts:
        answer = get(server.port, name, Accept_Encoding="gzip, br")
        if answer.headers["Content-Encoding"] == "br":
            compressed += 1
            assert "Accept-Encoding" in answer.headers["Vary"]
            assert brotli.decompress(answer.body) == get(server.port, name).body
    assert compressed >= 2


def every_refusal_carries_the_security_headers(server):
    for method, path, headers, status in (
        ("GET", "/static/vendor/nothing.js", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/r/NOCODE", {}, 404),
        ("GET", "/logout", {}, 405),
        ("POST", "/signup", {}, 400),
        ("GET", "/login", {"Host": "elsewhere.example"}, 400),
    ):
        answer = request(server.port, method, path, headers=headers, data={} if method == "POST" else None)
        assert answer.status == status, path
        assert_guarded(answer)
        assert answer.headers[HSTS[0]] is None


def test_a_site_behind_https_says_so_for_good(site):
    with site.server(environ={**PRODUCTION, "BASE_URL": "https://127.0.0.1"}) as server:
        for path in ("/login", "/nowhere", "/static/css/app.css"):
            assert get(server.port, path).headers[HSTS[0]] == HSTS[1]


def assert_guarded(answer):
    for name, value in HEADERS:
        assert answer.headers.get_all(name) == [value]
