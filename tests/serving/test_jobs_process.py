"""One process runs the background jobs, and queued mail leaves within a second."""

import os
import signal
import time
from email import message_from_bytes, policy
from itertools import count

import pytest

from tests import factories
from tests.serving.server import flask_command, submit
from tests.serving.site import OWNER
from webapp.database import write_transaction

pytestmark = pytest.mark.slow

_networks = count(1)


def test_two_workers_have_one_jobs_process_between_them_and_are_told_that_they_share_no_limits(site):
    with site.server("--workers", "2") as server:
        # The second worker may not listen yet when the first one answers.
        assert eventually(lambda: len(server.jobs_pids()) == 1)
        assert eventually(site.lease_pid) == server.jobs_pids()[0]
    assert "rate_limits_per_worker" in site.log.read_text()
    assert "RATE_LIMIT_URL" in site.log.read_text()


def test_without_the_worker_no_jobs_run(site):
    with site.server("--no-worker") as server:
        try_to_join_as(server, OWNER)
        time.sleep(1.5)
        assert server.jobs_pids() == []
        assert site.lease_pid() is None
        assert site.mails() == []


def test_two_servers_on_one_database_take_turns(site):
    with site.server() as first, site.server() as second:
        servers = {server.jobs_pids()[0]: server for server in (first, second)}
        holder = eventually(site.lease_pid)
        # Longer than it takes a free lease to find a new holder.
        time.sleep(2.5)
        assert site.lease_pid() == holder
        working, waiting = servers[holder], servers[next(pid for pid in servers if pid != holder)]
        working.terminate()
        working.wait_until_gone(10)
        assert eventually(lambda: site.lease_pid() == waiting.jobs_pids()[0])


def test_a_killed_jobs_process_comes_back_and_so_does_a_killed_worker(site):
    with site.server() as server:
        (killed,) = server.jobs_pids()
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: any(pid != killed for pid in server.jobs_pids()))
        assert "jobs_process_died" in site.log.read_text()
        # One worker shares no limits with anybody.
        assert "RATE_LIMIT_URL" not in site.log.read_text()

        (worker,) = set(server.pids()) - {server.process.pid, *server.jobs_pids(), *server.clicks_pids()}
        os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: len(server.pids()) == 4 and worker not in server.pids())
        server.wait_until_ready()
        assert try_to_join_as(server, OWNER) == 422


def test_workers_also_start_where_processes_are_spawned_and_not_forked(site):
    spawning = "import multiprocessing; multiprocessing.set_start_method('spawn'); from flask.cli import main; main()"
    command = [flask_command()[0], "-c", spawning, "--app", "wsgi"]
    with site.server(command=command) as server:
        assert try_to_join_as(server, OWNER) == 422
        server.terminate()
        server.wait_until_gone(10)


def test_queued_mail_leaves_within_a_second_also_when_sigterm_comes_right_behind_it(site):
    *owners, last = [OWNER, *(add_person(site, number) for number in range(5))]
    with site.server() as server:
        assert eventually(site.lease_pid)
        waits = []
        for number, owner in enumerate(owners, start=1):
            assert try_to_join_as(server, owner) == 422
            queued = time.monotonic()
            assert eventually(lambda number=number: len(site.mails()) == number, seconds=5)
            waits.append(time.monotonic() - queued)
        assert try_to_join_as(server, last) == 422
        server.terminate()
        server.wait_until_gone(10)
    # Most of five, so that a busy machine's hiccup is no failure.
    assert sorted(waits)[3] < 1, waits
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in site.mails()]
    assert sorted(mail["To"] for mail in mails) == sorted([*owners, last])
    assert all(mail["Subject"].startswith("You already have an account") for mail in mails)


def add_person(site, number):
    email = f"owner{number}@example.com"
    with site.app.app_context(), write_transaction() as session:
        factories.person(session, email=email)
    return email


def try_to_join_as(server, email):
    """Sign up with an address that is taken, which its owner gets a mail about. Returns the status."""
    fields = {"name": "Bob Miller", "email": email, "password": factories.PASSWORD, "ref": ""}
    return submit(server.port, "/signup", fields, {"X-Forwarded-For": f"10.9.0.{next(_networks)}"}).status


def eventually(ask, *, seconds=10):
    """Return the first true answer; the last one when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return answer
