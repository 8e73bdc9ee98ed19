"""What is counted by several processes: whichever of them is asked says the same."""

import os
import signal
import time
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.server import RefusedError, get

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-prometheus"


def counted(server, name, **labels):
    answer = get(server.port, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert answer.status == 200
    samples = [sample for family in text_string_to_metric_families(answer.body.decode()) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def sign_ups_shown(server):
    return counted(server, "grapevine_http_requests_total", route="/signup", status="200")


def sign_ups_shown_after_a_kill(server):
    """Ask until someone answers: whoever was killed may have let a connection in with its last breath."""
    for _ in range(50):
        with suppress(OSError, RefusedError):
            return sign_ups_shown(server)
        time.sleep(0.1)
    raise AssertionError("nobody answers any more")


def test_all_workers_and_the_jobs_count_together_also_those_that_were_killed(site, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(scratch)}
    with site.server("--workers", "2", environ=environ) as server:
        for number in range(24):
            assert get(server.port, "/signup", X_Forwarded_For=f"192.0.2.{number}").status == 200
        assert {sign_ups_shown(server) for _ in range(6)} == {24}
        [jobs] = server.jobs_pids()
        worker = next(pid for pid in server.pids() if pid not in {jobs, server.process.pid})
        os.kill(worker, signal.SIGKILL)
        while worker in server.pids():
            time.sleep(0.05)
        server.wait_until_ready()
        assert sign_ups_shown_after_a_kill(server) == 24
        deadline = time.monotonic() + 10
        while not counted(server, "grapevine_job_runs_total", job="deliver-mail"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.terminate()
        server.wait_until_gone(10)
    assert list(scratch.glob("grapevine-metrics-*")) == []
