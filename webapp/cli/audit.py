"""`audit`: the audit log, proved."""

from flask.cli import AppGroup

from webapp.cli.proving import prove
from webapp.queries.audit import breaches

group = AppGroup("audit", help="The audit log.")


@group.command("verify")
def verify() -> None:
    """Check that no entry was altered, left out or moved; a line for each breach, and exit 1 when there is one."""
    prove(breaches, "The audit log is whole: every entry follows from the one before it.")
