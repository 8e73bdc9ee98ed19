"""`ledger`: the books, proved."""

import sys

import click
from flask.cli import AppGroup

from webapp.database import one_snapshot
from webapp.queries.ledger import breaches

group = AppGroup("ledger", help="The books.")


@group.command("verify")
def verify() -> None:
    """Check every invariant of money; a line for each breach, and exit 1 when there is one."""
    found = 0
    with one_snapshot() as session:
        for line in breaches(session):
            click.echo(line)
            found += 1
    if found:
        sys.exit(1)
    click.echo("The ledger is whole: every entry, reward and refund agrees.")
