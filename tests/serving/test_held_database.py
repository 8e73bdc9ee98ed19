"""Somebody else holds the database: whoever writes is told to come back, in time, and pages go on meanwhile."""

import sqlite3
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests import factories
from tests.serving.server import get, request
from tests.serving.site import OWNER
from tests.serving.test_jobs_process import eventually
from tests.serving.test_stopping import locked_database
from webapp.clock import utc_now
from webapp.config import SERVER_THREADS
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.services.keys import create_key
from webapp.write_turns import STILL_SECONDS

pytestmark = pytest.mark.slow

PATIENCE_SECONDS, HELD_SECONDS = 1.5, 4
# As it is served, only that nobody who looks at the test has to wait for as long.
IMPATIENT = f"import webapp.database as d; d.PATIENCE_SECONDS = {PATIENCE_SECONDS}; from flask.cli import main; main()"
# Each may ask only so often.
KEYS = ["gvk_1", "gvk_2", "gvk_3", "gvk_4"]
WRITERS, VISITORS = SERVER_THREADS + 8, SERVER_THREADS // 2


@contextmanager
def held_file(site):
    """Another program writes, which knows nothing of our lock."""
    path = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def held_tables(site):
    """Somebody's transaction hangs that has locked what others write."""
    with site.app.app_context():
        engine = create_engine(db.engine.url, poolclass=NullPool)
    with engine.connect() as other:
        other.execute(text("LOCK TABLE conversions, clicks IN EXCLUSIVE MODE"))
        yield


@contextmanager
def impatient(site):
    with site.app.app_context(), write_transaction() as session:
        for key in KEYS:
            create_key(session, factories.program(session), name=key, scope="write", secret=key, now=utc_now())
    with site.server(command=[sys.executable, "-c", IMPATIENT, "--app", "wsgi"]) as server:
        # So that the link is known, and the place of every visitor.
        assert get(server.port, f"/r/{site.code}").status == 302
        yield server


def tell(server, number):
    """Tell of a purchase."""
    event = {"event_id": f"evt_{number}", "type": "purchase", "amount": 4999, "currency": "USD"}
    return request(
        *(server.port, "POST", "/api/v1/conversions"),
        json_data={**event, "user": {"email": OWNER}},
        headers={"Authorization": f"Bearer {KEYS[number % len(KEYS)]}"},
    )


def again_and_again(call, until, *arguments):
    """Return the answers, with the seconds that each took."""
    found = []
    while time.monotonic() < until:
        began = time.monotonic()
        found.append((call(*arguments), time.monotonic() - began))
        time.sleep(0.3)
    return found


@pytest.mark.parametrize(
    ("databases", "hold"),
    [
        ("sqlite", held_file),
        ("sqlite", locked_database),
        pytest.param("postgresql", held_tables, marks=pytest.mark.postgresql),
    ],
    indirect=["databases"],
)
def test_pages_go_on_while_a_crowd_of_writers_and_visitors_waits(any_site, hold):
    site = any_site
    with impatient(site) as server, ThreadPoolExecutor(WRITERS + VISITORS) as crowd:
        with hold(site):
            until = time.monotonic() + HELD_SECONDS
            writers = [crowd.submit(again_and_again, tell, until, server, number) for number in range(WRITERS)]
            visitors = [
                crowd.submit(again_and_again, get, until, server.port, f"/r/{site.code}") for _ in range(VISITORS)
            ]
            # At first whoever comes waits whether it goes on.
            time.sleep(2 * STILL_SECONDS + 0.5)
            pages = again_and_again(get, until, server.port, "/login")
            told = [one for writer in writers for one in writer.result()]
            visits = [one for visitor in visitors for one in visitor.result()]
        assert {answer.status for answer, _seconds in pages} == {200}
        assert statistics.median(seconds for _answer, seconds in pages) < STILL_SECONDS / 2
        assert {(answer.status, answer.headers["Retry-After"]) for answer, _seconds in told} == {(503, "5")}
        assert {answer.headers["Content-Type"] for answer, _seconds in told} == {"application/problem+json"}
        assert max(seconds for _answer, seconds in told) < 2 * STILL_SECONDS + 2 * PATIENCE_SECONDS
        assert {answer.status for answer, _seconds in visits} == {302}
        # Then all goes on, and every visitor is counted.
        assert tell(server, 0).status == 201
        assert eventually(lambda: len(site.visitors()) == 1 + len(visits))
    assert site.wrong_rollups() == []
    assert site.damage() == []
