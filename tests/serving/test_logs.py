"""What the logs of production hold: a line of JSON for each request, and nothing about people."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import factories
from tests.serving.server import get, request, submit
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.services.keys import create_key

pytestmark = pytest.mark.slow

EMAIL = "marked.person@marked-mail.example"
NAME = "Markedname Markedlast"
PASSWORD = "marked password of some length"
ADDRESS = "203.0.113.77"
AGENT = "MarkedBrowser/1.0"
SOURCE = "marked-source.example"
CAMPAIGN = "markedcampaign"
PATH = "MARKEDPATH"
MARKS = ("marked", ADDRESS)


def test_each_request_is_one_line_of_json_without_personal_data(site):
    seen = {"User-Agent": AGENT, "X-Forwarded-For": ADDRESS, "Referer": f"https://{SOURCE}/page"}
    with site.server(environ={"GRAPEVINE_ENV": "production"}) as server:
        port = server.port
        before = len(requests_in(site.log))

        def send(method, path, data=None, **headers):
            return request(port, method, path, data=data, headers={**seen, **headers})

        answers = [send("GET", f"/r/{site.code}?utm_campaign={CAMPAIGN}")]
        assert answers[0].status == 302
        cookie = answers[0].headers["Set-Cookie"].partition(";")[0]
        joined = submit(
            port,
            f"/signup?ref={site.code}",
            {"name": NAME, "email": EMAIL, "password": PASSWORD, "ref": site.code},
            {**seen, "Cookie": cookie},
        )
        signed_in = submit(port, "/login", {"email": EMAIL, "password": PASSWORD}, seen)
        refused = submit(port, "/login", {"email": EMAIL, "password": PASSWORD + PATH}, seen)
        again = submit(port, "/signup", {"name": NAME, "email": EMAIL, "password": PASSWORD, "ref": ""}, seen)
        assert [answer.status for answer in (joined, signed_in, refused, again)] == [303, 303, 422, 422]
        answers += [joined, signed_in, refused, again]
        answers.append(send("GET", f"/r/{PATH}"))
        answers.append(send("GET", f"/{PATH}?email={EMAIL}"))
        answers.append(send("GET", f"/login?next=/{PATH}"))
        answers.append(send("GET", "/login", Host="marked-host.example"))
        # A method is text of the visitor's own, too.
        answers.append(send(PATH, "/login"))
        assert [answer.status for answer in answers[5:]] == [404, 404, 200, 400, 405]
        request_without_token = send("POST", "/login", {"email": EMAIL, "password": PASSWORD})
        answers.append(request_without_token)
        server.terminate()
        server.wait_until_gone(10)
    written = site.log.read_text()
    for mark in (*MARKS, EMAIL, NAME, PASSWORD, AGENT, SOURCE, site.code, cookie.partition("=")[2]):
        assert mark.lower() not in written.lower(), mark
    lines = requests_in(site.log)[before:]
    # A click has no line: there are thousands a second, and metrics count them. The unknown code has one.
    opened = answers.pop(0)
    assert "X-Request-ID" not in opened.headers
    # The four forms were opened before they were sent.
    assert len(lines) == len(answers) + 4
    ids = [line["request_id"] for line in lines]
    assert len(set(ids)) == len(ids)
    assert {answer.headers["X-Request-ID"] for answer in answers} <= set(ids)
    assert {line["route"] for line in lines} == {"/r/<code>", "/signup", "/login", None}
    # A form without its token is refused in the line of its request, like everything else.
    assert request_without_token.status == 400
    assert "CSRF" not in written
    assert all(line["took_ms"] >= 0 and line["timestamp"] and line["level"] == "info" for line in lines)
    assert [line["status"] for line in lines if line["method"] == "other"] == [405]
    # Two mails: to confirm the address, and to its owner about the second try. The log says only that they left.
    assert len(site.mails()) == 2
    assert written.count("mail_sent") == 2


def test_every_limit_is_reached_in_lines_of_json_without_an_address(site):
    """With a store that is away, which is one more thing to tell."""
    secret = "gvk_of_the_shop"
    with site.app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="read", secret=secret, now=utc_now())
    seen = {"X-Forwarded-For": ADDRESS}
    with site.server(environ={"GRAPEVINE_ENV": "production", "RATE_LIMIT_URL": "redis://127.0.0.1:1/0"}) as server:
        port = server.port

        def refused_at_last(times, send):
            assert [send(number).status for number in range(times + 1)][-1] == 429

        def join(number):
            fields = {"name": NAME, "email": f"marked{number}@marked-mail.example", "password": PASSWORD, "ref": ""}
            return submit(port, "/signup", fields, seen)

        refused_at_last(10, lambda _: submit(port, "/login", {"email": EMAIL, "password": PASSWORD}, seen))
        refused_at_last(20, lambda n: submit(port, "/login", {"email": f"{n}{EMAIL}", "password": PASSWORD}, seen))
        refused_at_last(30, lambda number: request(port, "GET", f"/r/{PATH}{number}", headers=seen))
        refused_at_last(20, join)
        key = {"Authorization": f"Bearer {secret}"}
        with ThreadPoolExecutor(8) as pool:
            # Two hundred in ten seconds, and a few more for the time that these take.
            statuses = set()
            for _ in range(10):
                calls = [pool.submit(get, port, "/api/v1/codes/ABC", **key) for _ in range(40)]
                statuses |= {call.result().status for call in calls}
                if 429 in statuses:
                    break
        assert statuses == {404, 429}
        server.terminate()
        server.wait_until_gone(10)
    written = site.log.read_text()
    for mark in (*MARKS, EMAIL, NAME, PASSWORD, secret):
        assert mark.lower() not in written.lower(), mark
    lines = [json.loads(line) for line in written.splitlines()]
    assert all(line["request_id"] for line in lines if line["event"] == "request")
    assert {line["route"] for line in lines if line.get("status") == 429} == {
        "/login",
        "/signup",
        "/r/<code>",
        "/api/v1/codes/<code>",
    }
    assert len([line for line in lines if line["event"] == "rate_limit_store_away"]) == 1


def requests_in(log):
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return [event for event in events if event["event"] == "request"]
