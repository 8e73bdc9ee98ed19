"""The two ways of a click, in front of Flask and in the view, which have to be one: same answers, same rows."""

import itertools
import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests import factories
from tests.factories import NOON
from webapp.clicks.visitors import COOKIE
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Click, Link, Program
from webapp.signing import sign_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
KNOWN = new_id()
# What differs between any two clicks: the ids that were made for them, also for the request.
_SIGNED = re.compile(r"[\w-]{22}\.[\w-]{43}")
_REQUEST = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OWN_IDS = {"id", "visitor_id"}

DESTINATIONS = (
    None,
    "/welcome?plan=a%20b&ref=old&utm_source=own#part",
    "https://shop.example/grüße?q=ü&flag#ende",
    "https://gone.example/",
)
QUERIES = (
    "",
    "utm_source=news&utm_medium=e-mail&utm_campaign=autumn&utm_term=t&utm_content=c",
    "utm_source=first&utm_source=second&utm_medium=&utm_campaign",
    "utm_source=%00a%ff%20+b&utm_campaign=" + "c" * 300,
    "utm_source=gr%C3%BC%C3%9Fe&&=x&;",
    "ref=OTHER&gv=x&to=/deep/page?x=1",
    "to=https://shop.example/a?utm_source=kept",
    "to=https%3A%2F%2Fshop.example%2Fgr%C3%BC%C3%9Fe%3Fq%3D%C3%BC%23x",
    "to=https://evil.example/",
    "to=%5Cevil.example",
    "to=javascript:alert(1)",
    "to=",
    "utm_source=b\xc3\xbccher",
)
HEADERS = (
    {},
    {"Referer": "https://Chat.Example:444/secret?token=1"},
    {"Referer": "https://[broken"},
    {"Referer": "https://" + "a" * 3000 + ".example/"},
    {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    {"User-Agent": ""},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-GPC": "1"},
    {"Sec-GPC": "1", "Cookie": "{known}"},
    {"Cookie": "{known}"},
    {"Cookie": "other=1; {known}; gv_visitor=forged"},
    {"Cookie": "gv_visitor=forged; {known}"},
    {"Cookie": "gv_visitor=AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    {"Cookie": "xgv_visitor=1; gv_visitor; =; gv_visitor2={known}"},
)
PATHS = ("{code}", "{code}/", "{lower}", "{code}//", "NOSUCHCODE", "{retired}", "a/b", "", "\xff\xfe")


@pytest.fixture
def ways(make_app, time_machine):
    """The two applications on one database, its links by their destination, and one that is retired."""
    time_machine.move_to(NOON, tick=False)
    fast, view = (make_app(settings={"CLICKS_FAST_PATH": fast}) for fast in (True, False))
    with fast.app_context(), write_transaction() as session:
        factories.program(session).allowed_hosts = "shop.example"
        codes = []
        for number, destination in enumerate((*DESTINATIONS, None)):
            link = factories.link_of(session, factories.person(session, email=f"ada{number}@example.com"))
            link.destination_url = destination
            codes.append(link.code)
        link.retired_at = NOON
    return fast, view, codes


def ask(app, path, *, query="", method="GET", headers=None, host="localhost"):
    """Return what a request was answered with, whose ids are left out, and the row that it left."""
    with app.app_context():
        known = f"{COOKIE}={sign_id('visitor', KNOWN)}"
    environ = EnvironBuilder(path="/", method=method, headers={"User-Agent": BROWSER, "Host": host}).get_environ()
    environ |= {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": host}
    for name, value in (headers or {}).items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value.replace("{known}", known)
    body, status, answered = run_wsgi_app(app, environ, buffered=True)
    kept = sorted((name, _SIGNED.sub("…", value)) for name, value in answered if name != "X-Request-ID")
    with app.app_context(), write_transaction() as session:
        rows = [
            {column.name: getattr(row, column.name) for column in Click.__table__.c if column.name not in _OWN_IDS}
            | {"known": row.visitor_id == KNOWN}
            for row in session.scalars(select(Click))
        ]
        session.query(Click).delete()
    return status, kept, _REQUEST.sub(b"", b"".join(body)), rows


def both(ways, *arguments, **more):
    fast, view, _codes = ways
    in_front, in_view = ask(fast, *arguments, **more), ask(view, *arguments, **more)
    assert in_front == in_view, (arguments, more)
    return in_front


def change(ways, model, **values):
    with ways[1].app_context(), write_transaction() as session:
        session.execute(update(model).values(**values))


def test_both_ways_answer_every_request_alike_and_leave_the_same_row(ways):
    *codes, retired = ways[2]
    seen = set()
    for code, query in itertools.product(codes, QUERIES):
        status, *_rest, rows = both(ways, f"/r/{code}", query=query)
        seen.add((status[:3], len(rows)))
    for query, headers in itertools.product(QUERIES[:3], HEADERS):
        status, *_rest, rows = both(ways, f"/r/{codes[2]}", query=query, headers=headers)
        seen.add((status[:3], len(rows)))
    for path, method in itertools.product(PATHS, ("GET", "HEAD", "POST", "OPTIONS")):
        path = path.format(code=codes[0], lower=codes[0].lower(), retired=retired)
        status, *_rest, rows = both(ways, f"/r/{path}", method=method)
        seen.add((status[:3], len(rows)))
    # Of each kind there was one.
    assert seen >= {("302", 1), ("302", 0), ("400", 0), ("404", 0), ("405", 0)}


@pytest.mark.parametrize("host", ["evil.example", "localhost:9000", "LOCALHOST.", "", "[::1", "localhost@evil.example"])
def test_both_ways_judge_hosts_alike(ways, host):
    status, *_rest, rows = both(ways, f"/r/{ways[2][0]}", host=host)
    assert (status[:3], len(rows)) in {("302", 1), ("400", 0)}


@pytest.mark.parametrize("mode", ["cookie", "required", "none"])
def test_both_ways_keep_what_was_consented_to(ways, mode):
    change(ways, Program, consent_mode=mode)
    for code, headers in itertools.product(ways[2][:3], HEADERS):
        _status, answered, _body, rows = both(ways, f"/r/{code}", headers=headers)
        remembered = any(name == "Set-Cookie" for name, _ in answered)
        assert remembered == (mode == "cookie" and "Sec-GPC" not in headers and bool(rows))
        assert not rows or rows[0]["known"] <= remembered


def test_what_is_followed_is_what_holds_now(ways):
    fast, _view, codes = ways
    path = f"/r/{codes[0]}"

    def location():
        return dict(ask(fast, path)[1])["Location"]

    assert location() == f"/signup?ref={codes[0]}"
    change(ways, Program, landing_url="/start")
    assert location() == f"/start?ref={codes[0]}"
    with fast.app_context(), write_transaction() as session:
        session.scalars(select(Link).where(Link.code == codes[0])).one().destination_url = "/own"
    assert location() == f"/own?ref={codes[0]}"
    with fast.app_context(), write_transaction() as session:
        session.scalars(select(Link).where(Link.code == codes[0])).one().retired_at = NOON
    assert ask(fast, path)[0] == "404 NOT FOUND"


def test_what_another_process_changes_is_followed_after_half_a_minute(ways, time_machine):
    fast, _view, codes = ways
    path = f"/r/{codes[0]}"
    assert dict(ask(fast, path)[1])["Location"] == f"/signup?ref={codes[0]}"
    with fast.app_context():
        # Past everything that would notice.
        connection = db.engines["writer"].raw_connection()
        connection.execute("UPDATE programs SET landing_url = '/elsewhere'")
        connection.commit()
        connection.close()
    assert dict(ask(fast, path)[1])["Location"] == f"/signup?ref={codes[0]}"
    time_machine.shift(31)
    assert dict(ask(fast, path)[1])["Location"] == f"/elsewhere?ref={codes[0]}"


@pytest.mark.parametrize("error", [NoConnectionError(), OperationalError("SELECT", {}, Exception("gone"))])
def test_a_link_that_was_read_is_followed_while_the_database_is_away_and_asks_it_once_a_second(
    ways, time_machine, monkeypatch, error
):
    fast, _view, codes = ways
    path, asked = f"/r/{codes[0]}", []
    assert ask(fast, path)[0] == "302 FOUND"

    def fail(*_arguments):
        asked.append(1)
        raise error

    time_machine.shift(31)
    monkeypatch.setattr("webapp.clicks.link_cache.link_to_follow", fail)
    assert [ask(fast, path)[0] for _ in range(3)] == ["302 FOUND"] * 3
    assert len(asked) == 1
    time_machine.shift(2)
    assert ask(fast, path)[0] == "302 FOUND"
    assert len(asked) == 2


@pytest.mark.parametrize("error", [NoConnectionError(), PermissionError("the lock")])
def test_a_click_is_sent_on_without_the_hash_of_its_address_when_there_is_no_key(ways, monkeypatch, error):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr("webapp.clicks.visits.current_salt", fail)
    status, *_rest, [row] = both(ways, f"/r/{ways[2][0]}")
    assert (status, row["address_hash"]) == ("302 FOUND", None)
