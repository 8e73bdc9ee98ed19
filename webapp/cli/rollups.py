"""`rollups`: the counts that pages read, against the rows they were counted from."""

import click
from flask.cli import AppGroup

from webapp.cli.proving import prove
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.rollups import breaches, sealed_days
from webapp.services.rollups import rebuild

group = AppGroup("rollups", help="The counts by day.")


@group.command("verify")
def verify() -> None:
    """Compare the counts with the rows; a line for each difference, and exit 1 when there is one."""
    for sealed_before in sorted(set(sealed_days(db.session()).values())):
        click.echo(f"Days before {sealed_before} are sealed: their clicks were forgotten.")
    prove(breaches, "All roll-ups agree with their rows.")


@group.command("rebuild")
def rebuild_command() -> None:
    """Write the counts anew from the rows."""
    with write_transaction() as session:
        days = rebuild(session)
    click.echo(f"Counted {days} link days anew.")
