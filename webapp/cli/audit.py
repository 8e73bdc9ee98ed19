"""`audit`: the audit log, proved."""

import sys

import click
from flask.cli import AppGroup

from webapp.database import one_snapshot
from webapp.queries.audit import breaches

group = AppGroup("audit", help="The audit log.")


@group.command("verify")
def verify() -> None:
    """Check that no entry was altered, left out or moved; a line for each breach, and exit 1 when there is one."""
    found = 0
    with one_snapshot() as session:
        for line in breaches(session):
            click.echo(line)
            found += 1
    if found:
        sys.exit(1)
    click.echo("The audit log is whole: every entry follows from the one before it.")
