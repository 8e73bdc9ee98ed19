"""The runner goes by a clock that nobody sets; the time of day is only what it tells the jobs."""

import threading
from datetime import timedelta

import pytest

from webapp.clock import utc_now
from webapp.jobs import Job
from webapp.jobs.runner import run_jobs

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.mark.slow
def test_a_clock_that_is_set_back_holds_no_job_up(in_app, monkeypatch):
    stop, ran = threading.Event(), []
    # As on a machine that starts with a wrong year and then asks others what time it is.
    ahead = [timedelta(days=400)]

    def job(now):
        ran.append(now)
        if len(ran) == 2:
            stop.set()
        return 0

    def set_back(_now):
        ahead[0] = timedelta()
        return 0

    monkeypatch.setattr("webapp.jobs.runner.utc_now", lambda: utc_now() + ahead[0])
    jobs = [Job("first", job, timedelta(milliseconds=200)), Job("second", set_back, timedelta(hours=1))]
    monkeypatch.setattr("webapp.jobs.runner.SCHEDULE", jobs)
    too_late = threading.Timer(10, stop.set)
    too_late.start()
    run_jobs(stop)
    too_late.cancel()
    assert len(ran) == 2
    assert ran[0] - ran[1] > timedelta(days=399)
