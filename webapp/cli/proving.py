"""What the commands share that prove something: a line for each breach, and the exit code."""

import sys
from collections.abc import Callable, Iterator

import click
from sqlalchemy.orm import Session

from webapp.database import one_snapshot


def prove(breaches: Callable[[Session], Iterator[str]], whole: str) -> None:
    """Print a line for each breach and exit 1, or say in one sentence that all is whole."""
    found = 0
    with one_snapshot() as session:
        for line in breaches(session):
            click.echo(line)
            found += 1
    if found:
        sys.exit(1)
    click.echo(whole)
