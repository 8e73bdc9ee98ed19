"""A database that is not at this version: commands say so in one sentence, before they begin."""

from functools import wraps

import click
from flask.cli import with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.database import stands_at_head
from webapp.extensions import db


def needs_database(command: click.Command, *, may_be_away: bool = False) -> None:
    """Have a command refuse a database that is not at this version, or does not answer unless it `may_be_away`."""
    callback = command.callback
    if callback is None:
        raise ValueError("a group has no callback of its own: name its commands")

    @with_appcontext
    @wraps(callback)
    def checked(*args: object, **kwargs: object) -> object:
        _refuse_unmigrated(may_be_away=may_be_away)
        return callback(*args, **kwargs)

    command.callback = checked


def _refuse_unmigrated(*, may_be_away: bool) -> None:
    try:
        db.session.execute(text("SELECT 1"))
        ready = stands_at_head()
    except SQLAlchemyError as error:
        if may_be_away:
            return
        raise click.ClickException("The database does not answer: DATABASE_URL must name one that does.") from error
    finally:
        # The command begins with a session of its own.
        db.session.remove()
    if not ready:
        raise click.ClickException("The database is not at this version: run `flask --app wsgi db upgrade`.")
