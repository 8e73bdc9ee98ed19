"""`jobs`: the background work."""

import signal
import threading
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from webapp.clock import utc_now
from webapp.jobs import SCHEDULE
from webapp.jobs.runner import run_jobs
from webapp.serving import die_with_parent

group = AppGroup("jobs", help="The background jobs.")


@group.command("run")
@click.option("--die-with-parent", "bound", is_flag=True, hidden=True)
def run(bound: bool) -> None:
    """Run the schedule until SIGTERM."""
    if bound:
        die_with_parent()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_jobs(stop)


@group.command("once")
@click.argument("name", type=click.Choice([job.name for job in SCHEDULE]))
@click.option("--now", "moment", help="As of this moment, ISO 8601 with an offset, as in 2026-05-03T12:00:00+00:00.")
def once(name: str, moment: str | None) -> None:
    """Run one job now, or as of a given moment."""
    now = _parse(moment) if moment else utc_now()
    job = next(job for job in SCHEDULE if job.name == name)
    click.echo(f"{name}: {job.run(now)}")


def _parse(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("must be ISO 8601, as in 2026-05-03T12:00:00+00:00", param_hint="--now") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
