"""`ledger`: the books, proved."""

from flask.cli import AppGroup

from webapp.cli.proving import prove
from webapp.queries.ledger import breaches

group = AppGroup("ledger", help="The books.")


@group.command("verify")
def verify() -> None:
    """Check every invariant of money; a line for each breach, and exit 1 when there is one."""
    prove(breaches, "The ledger is whole: every entry, reward and refund agrees.")
