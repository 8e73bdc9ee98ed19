"""Bodies whose length nobody told: the limit holds for them too, and what is below it arrives whole."""

import http.client
import json
from urllib.parse import urlencode

import pytest

from tests import factories
from tests.serving.server import BROWSER, Answer
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.services.keys import create_key

pytestmark = pytest.mark.slow

LIMIT = 64 * 1024
SECRET = "gvk_of_the_shop"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
API = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def server(site):
    with site.app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret=SECRET, now=utc_now())
    with site.server(environ={"GRAPEVINE_ENV": "production"}) as server:
        yield server


def send_in_chunks(port, path, body, headers, *, chunk=8000):
    pieces = (body[start : start + chunk] for start in range(0, len(body), chunk))
    return send(port, path, pieces, headers, encode_chunked=True)


def send(port, path, body, headers, **how):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, {"User-Agent": BROWSER, **headers}, **how)
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


def signup(size):
    """A sign-up of this many bytes, padded with spaces that mean nothing."""
    body = json.dumps({"external_id": "cus_1", "email": "bob@example.org", "name": "Bob Miller"})
    return (body + " " * (size - len(body))).encode()


def test_a_body_over_the_limit_is_refused_and_one_of_just_the_limit_is_read(site, server, subtests):
    with subtests.test("the API"):
        the_api_refuses_a_body_over_the_limit_and_reads_one_of_just_the_limit(site, server)
    with subtests.test("forms"):
        a_form_over_the_limit_is_refused_with_a_page_and_one_below_it_is_read(server)


def the_api_refuses_a_body_over_the_limit_and_reads_one_of_just_the_limit(site, server):
    for size in (LIMIT + 1, 80_000, 1_000_000):
        for sent in (send_in_chunks, send):
            answer = sent(server.port, "/api/v1/signups", signup(size), API)
            assert answer.status == 413
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert json.loads(answer.body)["status"] == 413
    assert "bob@example.org" not in site.emails()
    for chunk, status in ((1000, 201), (8000, 200), (LIMIT, 200)):
        assert send_in_chunks(server.port, "/api/v1/signups", signup(LIMIT), API, chunk=chunk).status == status
    assert "bob@example.org" in site.emails()


def a_form_over_the_limit_is_refused_with_a_page_and_one_below_it_is_read(server):
    for path in ("/login", "/signup"):
        answer = send_in_chunks(server.port, path, urlencode({"email": "x" * 70_000}).encode(), FORM)
        assert answer.status == 413
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"That is too large" in answer.body
        answer = send_in_chunks(server.port, path, urlencode({"email": "x" * 60_000}).encode(), FORM)
        # It is read, and lacks its token.
        assert answer.status == 400
        assert b"Reload it" in answer.body
