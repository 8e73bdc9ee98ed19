"""Runs the migrations under the write lock, one at a time, whole or not at all."""

from alembic import context
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click import ClickException
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from webapp.config import ROOT
from webapp.database import WRITING, write_lock, writing_engine
from webapp.extensions import db
from webapp.models import Model, append_only
from webapp.trouble import takes_no_writes

# Any number that nothing else on the server locks by.
POSTGRESQL_LOCK = 7_463_218_905


def run(connection: Connection) -> None:
    """Configure Alembic on an open connection and migrate."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        transaction_per_migration=True,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
    # A migration that alters such a table on SQLite copies it, and the copy has no triggers.
    append_only.protect(connection)


if context.is_offline_mode():
    raise SystemExit("Migrations need the database; there is no offline mode.")


def connect() -> Connection:
    """Open the connection. Raises ClickException with one sentence when there is no such database."""
    try:
        return writing_engine().connect().execution_options(**WRITING)
    except DatabaseError as error:
        raise ClickException(
            f"DATABASE_URL names a database that cannot be opened ({type(error.orig).__name__})."
        ) from None


def migrate() -> None:
    """Migrate the database of the application, and commit after each migration.

    Raises ClickException with one sentence where nothing can be written: that is no mistake of a migration.
    """
    try:
        with write_lock(db.engine), connect() as connection:
            _migrate(connection)
    except DatabaseError as error:
        if not takes_no_writes(error):
            raise
        raise ClickException(
            f"The database has no room, or cannot be written ({type(error.orig).__name__});"
            " it stands at the last migration that was done whole."
        ) from None


def refuse_newer(connection: Connection) -> None:
    """Raise ClickException for a database that a newer version has migrated: this one does not know its tables."""
    known = {script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()}
    beyond = set(MigrationContext.configure(connection).get_current_heads()) - known
    connection.rollback()
    if beyond:
        raise ClickException(
            f"The database is of a newer version of Grapevine (migration {', '.join(sorted(beyond))}): run that one, or"
            " restore a backup of this one."
        )


def _migrate(connection: Connection) -> None:
    sqlite = db.engine.dialect.name == "sqlite"
    if sqlite:
        # A table is altered by copying it, and the copy must not trip over what refers to it. Outside any
        # transaction, where alone the pragma counts.
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
    else:
        # Two deployments that start at once migrate one after the other, however long it takes.
        connection.detach()
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({POSTGRESQL_LOCK})")
        connection.commit()
    try:
        refuse_newer(connection)
        run(connection)
        connection.commit()
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"rows refer to what is not there: {broken[:5]}")
    finally:
        connection.rollback()
        if sqlite:
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({POSTGRESQL_LOCK})")
            connection.commit()


# A restore migrates in a transaction of its own, which ends when all is there.
if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    migrate()
