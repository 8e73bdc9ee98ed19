"""A database that is not at this version, away, full or held by somebody: commands say so in one sentence."""

from functools import wraps

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from webapp.database import stands_at_head, wait_longer
from webapp.extensions import db
from webapp.trouble import is_held, is_trouble, takes_no_writes

AWAY = "The database does not answer: DATABASE_URL must name one that does."
NO_WRITES = "The database has no room, or can only be read: nothing was changed."
HELD = "Somebody else holds the database, for longer than this command waits. Try again later."


def needs_database(command: click.Command, *, may_be_away: bool = False, is_patient: bool = True) -> None:
    """Have a command refuse a database that is not at this version, or does not answer unless it `may_be_away`.

    One that `is_patient` waits longer for others who write than somebody who looks at a page.
    """
    callback = command.callback
    if callback is None:
        raise ValueError("a group has no callback of its own: name its commands")

    @with_appcontext
    @wraps(callback)
    def checked(*args: object, **kwargs: object) -> object:
        if is_patient:
            wait_longer(current_app._get_current_object())  # type: ignore[attr-defined]
        _refuse_unmigrated(may_be_away=may_be_away)
        try:
            return callback(*args, **kwargs)
        except SQLAlchemyError as error:
            said = _in_a_sentence(error)
            if said is None:
                raise
            # A transaction that was not ended left nothing.
            raise click.ClickException(said) from error

    command.callback = checked


def _in_a_sentence(error: SQLAlchemyError) -> str | None:
    if isinstance(error, DBAPIError) and is_held(error):
        return HELD
    if not is_trouble(error):
        return None
    return NO_WRITES if takes_no_writes(error) else AWAY


def _refuse_unmigrated(*, may_be_away: bool) -> None:
    try:
        db.session.execute(text("SELECT 1"))
        ready = stands_at_head()
    except SQLAlchemyError as error:
        if may_be_away:
            return
        raise click.ClickException(AWAY) from error
    finally:
        # The command begins with a session of its own.
        db.session.remove()
    if not ready:
        raise click.ClickException("The database is not at this version: run `flask --app wsgi db upgrade`.")
