"""Runs the schedule until it is told to stop, in the one process that holds the lease."""

import os
import signal
import socket
import threading
import time
from contextlib import suppress
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.jobs import SCHEDULE, Job
from webapp.jobs.stopping import stop_at
from webapp.logs import sparing_line, what_failed
from webapp.metrics import current_metrics
from webapp.services.leases import LEASE, give_lease_back, take_lease

LEASE_NAME = "jobs"
TICK_SECONDS = 0.25
RENEW_AFTER_SECONDS, ASK_AGAIN_SECONDS = LEASE.total_seconds() / 3, 1.0
BESIDE_ENDS_SECONDS = 0.5


def stop_on_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_jobs(stop: threading.Event) -> None:
    """Run every job when it is due, until `stop` is set; then give the lease back.

    Needs an application context. A job that fails is logged and tried again at its next turn.
    """
    stop_at(stop)
    # In containers host names and process ids repeat.
    holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
    # By a clock that nobody sets: what waited for the time of day would stand still when that is set back.
    due: dict[str, float] = {}
    renew_at, held = 0.0, False
    app, beside = current_app._get_current_object(), dict[str, threading.Thread]()  # type: ignore[attr-defined]
    while not stop.is_set():
        if time.monotonic() >= renew_at:
            held = _renew(holder)
            renew_at = time.monotonic() + (RENEW_AFTER_SECONDS if held else ASK_AGAIN_SECONDS)
        if held:
            for job in SCHEDULE:
                if not stop.is_set() and time.monotonic() >= due.get(job.name, 0.0):
                    if job.beside:
                        _run_beside(app, job, utc_now(), beside)
                    else:
                        run_job(job, utc_now())
                    due[job.name] = time.monotonic() + job.every.total_seconds()
        stop.wait(TICK_SECONDS)
    # Also when it was told to stop before it had begun.
    if held or _renew(holder):
        for job in SCHEDULE:
            if job.at_the_end:
                run_job(job, utc_now())
        # A database that is away just now knows by itself when the lease is over.
        with suppress(SQLAlchemyError), write_transaction() as session:
            give_lease_back(session, LEASE_NAME, holder)
    # What is about to end by itself may; nobody waits for the rest, which began no change.
    for thread in beside.values():
        thread.join(BESIDE_ENDS_SECONDS)


def _run_beside(app: Flask, job: Job, now: datetime, running: dict[str, threading.Thread]) -> None:
    """Run a job in a thread, unless it still runs. It ends with the process, whatever it is at."""

    def run() -> None:
        with app.app_context():
            run_job(job, now)

    if job.name not in running or not running[job.name].is_alive():
        running[job.name] = threading.Thread(target=run, name=f"grapevine-{job.name}", daemon=True)
        running[job.name].start()


def run_job(job: Job, now: datetime) -> int | None:
    """Run one job as of `now`, if it is due. Returns how much it did, or None when it did not end well or begin."""
    metrics = current_metrics()
    try:
        if job.is_due and not job.is_due(now):
            return None
        did = job.run(now)
    except Exception as error:
        metrics.job_failures.inc(job=job.name)
        db.session.rollback()
        sparing_line(current_app, "job_failed", job=job.name).write(**what_failed(error))
        return None
    metrics.job_runs.inc(job=job.name)
    metrics.job_succeeded.at(now.timestamp(), job=job.name)
    sparing_line(current_app, "job_failed", job=job.name).over()
    return did


def _renew(holder: str) -> bool:
    try:
        with write_transaction() as session:
            took = take_lease(session, LEASE_NAME, holder, utc_now())
    except Exception as error:
        sparing_line(current_app, "lease_failed").write(error=type(error).__name__)
        return False
    sparing_line(current_app, "lease_failed").over()
    return took
