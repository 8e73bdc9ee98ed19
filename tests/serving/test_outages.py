"""The database goes away and comes back, or its disk is full for a while: the server stays, says so, and goes on."""

import json
import resource
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import _missing
from tests.databases import PostgreSQL
from tests.serving.load import Load
from tests.serving.server import get, submit
from tests.serving.site import OWNER, site_on
from tests.serving.test_jobs_process import eventually, try_to_join_as

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-prometheus"
READY_GONE_SECONDS, READY_BACK_SECONDS = 2, 5


@pytest.fixture
def own_postgresql(tmp_path_factory, monkeypatch):
    """A PostgreSQL server of this test alone, to be stopped and started."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    with tempfile.TemporaryDirectory(prefix="grapevine-postgresql-", ignore_cleanup_errors=True) as folder:
        try:
            server = PostgreSQL(Path(folder))
        except Exception as error:
            _missing("no PostgreSQL", error)
        yield server
        server.stop()


def control(server, *arguments):
    subprocess.run(
        [server.bin_path / "pg_ctl", "-w", "-D", str(server.pgdata), *arguments],
        check=True,
        user=server.system_user,
        capture_output=True,
    )


def seconds_until(port, status, path="/readyz", *, within=15):
    began = time.monotonic()
    while get(port, path).status != status:
        assert time.monotonic() - began < within, f"{path} never answered {status}"
        time.sleep(0.05)
    return time.monotonic() - began


def events(site):
    """How often each event stands in the log of the server, without lines of requests."""
    found = {}
    for line in site.log.read_text().splitlines():
        event = json.loads(line)["event"] if line.startswith("{") else line
        found[event] = found.get(event, 0) + 1
    return found


def lost_clicks(server):
    answer = get(server.port, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert answer.status == 200
    (line,) = [
        line for line in answer.body.decode().splitlines() if line.startswith('grapevine_clicks_lost_total{reason="d')
    ]
    return float(line.rpartition(" ")[2])


@pytest.mark.postgresql
def test_postgresql_goes_away_under_load_and_comes_back(own_postgresql, tmp_path):
    url = own_postgresql.clone(tmp_path)
    environ = {"METRICS_TOKEN": TOKEN, "GRAPEVINE_ENV": "production"}
    with site_on(url, tmp_path) as site, site.server("--workers", "2", environ=environ) as server:
        with Load(site, server.port, clickers=2, joiners=1) as load:
            load.wait_for(clicks=30, signups=1)
        assert load.failures == []
        processes = set(server.pids())
        assert get(server.port, "/readyz").status == 200
        control(own_postgresql.server, "stop", "-m", "immediate")
        gone = seconds_until(server.port, 503)
        for _ in range(20):
            # Followed links are known to each worker.
            assert get(server.port, f"/r/{site.code}").status == 302
        for path in ("/login", "/signup", "/api/v1/rewards"):
            answer = get(server.port, path, Authorization="Bearer gvk_x")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), path
        assert get(server.port, "/healthz").status == 200
        assert lost_clicks(server) >= 20
        own_postgresql.server.ensure_postgres_running()
        back = seconds_until(server.port, 200)
        print(f"PostgreSQL gone: /readyz 503 after {gone:.2f} s; back: 200 after {back:.2f} s")  # noqa: T201
        assert gone < READY_GONE_SECONDS
        assert back < READY_BACK_SECONDS
        assert set(server.pids()) == processes, "nothing was started anew"
        before = len(site.visitors())
        assert eventually(lambda: get(server.port, f"/r/{site.code}").status == 302 and len(site.visitors()) > before)
        assert try_to_join_as(server, OWNER) == 422
        assert eventually(site.mails), "the jobs went on"
        assert site.wrong_rollups() == []
        said = events(site)
        # It also ends while there is no database.
        control(own_postgresql.server, "stop", "-m", "immediate")
        server.terminate()
        server.wait_until_gone(10)
        assert "Traceback" not in site.log.read_text()
    assert said["click_lost"] <= len(processes)
    assert said["database_unavailable"] <= len(processes)


def test_a_file_that_is_gone_is_not_ready_until_it_is_back(site):
    path = Path(site.database_url.removeprefix("sqlite:///"))
    with site.server() as server:
        assert get(server.port, "/readyz").status == 200
        path.rename(path.with_suffix(".away"))
        gone = seconds_until(server.port, 503)
        assert get(server.port, "/healthz").status == 200
        path.with_suffix(".away").rename(path)
        back = seconds_until(server.port, 200)
    assert gone < READY_GONE_SECONDS
    assert back < READY_BACK_SECONDS


@contextmanager
def full_disk(server):
    """Let no process of a server make any file longer: the database, its log, nor the server's own log."""
    kept = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in server.pids()}
    for pid, (_soft, hard) in kept.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000, hard))
    yield
    for pid, limits in kept.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_costs_clicks_and_changes_but_no_page(site):
    with site.server(environ={"METRICS_TOKEN": TOKEN}) as server:
        with Load(site, server.port, clickers=2, joiners=1) as load:
            load.wait_for(clicks=10, signups=1)
        processes = set(server.pids())
        with full_disk(server):
            for _ in range(10):
                assert get(server.port, f"/r/{site.code}").status == 302
            for path in ("/login", f"/signup?ref={site.code}", "/api/docs"):
                assert get(server.port, path).status == 200
            fields = {"name": "Bob Miller", "email": "late@example.org", "password": "a good long sentence", "ref": ""}
            refused = submit(server.port, "/signup", fields)
            assert refused.status == 503
            assert b"Nothing can be changed just now" in refused.body
            assert int(refused.headers["Retry-After"]) > 5
        assert lost_clicks(server) >= 10
        assert "late@example.org" not in site.emails()
        assert eventually(lambda: submit(server.port, "/signup", fields).status == 303)
        before = len(site.visitors())
        assert eventually(lambda: get(server.port, f"/r/{site.code}").status == 302 and len(site.visitors()) > before)
        assert set(server.pids()) == processes
        server.terminate()
        server.wait_until_gone(10)
    assert load.visitors <= site.visitors()
    assert site.wrong_rollups() == []
    assert site.damage() == []
