"""`jobs`: the background work."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from webapp.clock import utc_now
from webapp.jobs import SCHEDULE
from webapp.jobs.runner import run_jobs, stop_on_signals

group = AppGroup("jobs", help="The background jobs.")


@group.command("run")
def run() -> None:
    """Run the schedule until SIGTERM."""
    run_jobs(stop_on_signals())


@group.command("once")
@click.argument("name", type=click.Choice([job.name for job in SCHEDULE]))
@click.option("--now", "moment", help="As of this moment, ISO 8601 with an offset, as in 2026-05-03T12:00:00+00:00.")
def once(name: str, moment: str | None) -> None:
    """Run one job now, or as of a given moment."""
    now = _parse(moment) if moment else utc_now()
    job = next(job for job in SCHEDULE if job.name == name)
    did = more = job.run(now)
    while job.in_rounds and more:
        more = job.run(now)
        did += more
    click.echo(f"{name}: {did}")


def _parse(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("must be ISO 8601, as in 2026-05-03T12:00:00+00:00", param_hint="--now") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
