"""SIGTERM ends everything within ten seconds and fails no request that was accepted."""

import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving.load import Load
from tests.serving.server import BROWSER, get, nobody_listens
from webapp.database import write_lock
from webapp.extensions import db

pytestmark = pytest.mark.slow

END_SECONDS = 10


# How many workers there are says nothing about the engine.
@pytest.mark.parametrize(
    ("databases", "workers"),
    [("sqlite", 1), ("sqlite", 2), pytest.param("postgresql", 2, marks=pytest.mark.postgresql)],
    indirect=["databases"],
)
def test_sigterm_under_load_fails_no_accepted_request_and_leaves_no_process(any_site, workers):
    with any_site.server("--workers", str(workers)) as server, Load(any_site, server.port) as load:
        load.wait_for(clicks=10, signups=2)
        assert len(server.pids()) == 1 + workers + 2
        stopped_at = time.monotonic()
        server.terminate()
        server.wait_until_gone(END_SECONDS)
        assert server.process.wait() == 0
    assert load.failures == []
    assert load.visitors <= any_site.visitors()
    assert load.emails <= any_site.emails()
    # Some were on their way at that moment, or this would have proved nothing.
    assert any(began < stopped_at < ended for began, ended in load.answered)
    assert nobody_listens(server.port)


def test_requests_that_wait_for_the_database_are_answered_after_sigterm(site):
    with site.server() as server, ThreadPoolExecutor(4) as pool:
        with locked_database(site):
            answers = [pool.submit(get, server.port, f"/r/{site.code}") for _ in range(4)]
            time.sleep(0.5)
            server.terminate()
            time.sleep(1)
            assert not any(answer.done() for answer in answers)
        assert [answer.result(10).status for answer in answers] == [302] * 4
        server.wait_until_gone(END_SECONDS)
    assert len(site.visitors()) == 4


def test_a_visitor_who_was_let_in_is_answered_though_the_request_comes_after_sigterm(site):
    with site.server("--workers", "2") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.connect()
        server.terminate()
        time.sleep(0.1)
        with socket.socket() as late:
            late.settimeout(0.1)
            # Whoever comes now is left to try again, and is not let in only to be sent away.
            with pytest.raises(OSError, match=r"timed out|refused"):
                late.connect(("127.0.0.1", server.port))
        connection.request("GET", f"/r/{site.code}", headers={"User-Agent": BROWSER})
        assert connection.getresponse().status == 302
        connection.close()
        server.wait_until_gone(END_SECONDS)
    assert len(site.visitors()) == 1


def test_a_request_that_never_ends_does_not_keep_the_server_alive(site):
    with site.server() as server, ThreadPoolExecutor(1) as pool, locked_database(site):
        stuck = pool.submit(get, server.port, f"/r/{site.code}")
        time.sleep(0.5)
        assert not stuck.done()
        server.terminate()
        server.wait_until_gone(END_SECONDS)
        # Cut off, or led on without having been counted.
        assert stuck.exception(10) is not None or stuck.result().status in {302, 503}


def test_two_servers_do_not_share_a_port(site):
    with site.server() as server:
        other = site.server("--port", str(server.port))
        assert other.process.wait(20) == 1
        assert get(server.port, "/healthz").status == 200
    last = site.log.read_text().strip().splitlines()
    assert f"Error: --port must name a free port: 127.0.0.1:{server.port} is not (Address already in use)." in last
    assert "Traceback" not in site.log.read_text()


class locked_database:  # noqa: N801 - reads as a context
    """Hold the lock under which SQLite is written, from outside the server."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.release, held = threading.Event(), threading.Event()

        def hold():
            with self.site.app.app_context(), write_lock(db.engine):
                held.set()
                self.release.wait(30)

        self.thread = threading.Thread(target=hold)
        self.thread.start()
        assert held.wait(5)

    def __exit__(self, *_):
        self.release.set()
        self.thread.join()
