"""Restoring a backup: everything or nothing, and read back before it counts.

The tables are made by the migrations as they were when the backup was taken, filled, compared with the manifest by
reading them again, and only then brought to this version. On SQLite all that happens in a file beside the database,
which takes its place at the end; on PostgreSQL in one transaction.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from webapp.backups import BackupError
from webapp.backups import rows as written
from webapp.backups.archive import Archive, Counted, Manifest
from webapp.backups.targets import new_database
from webapp.config import ROOT
from webapp.models import append_only
from webapp.trouble import is_trouble, takes_no_writes

MIGRATIONS = str(ROOT / "migrations")
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND relnamespace = current_schema()::regnamespace AND relname = ANY(:ours)
"""
# Those of keys belong to their constraint, which stays.
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:ours)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def restore(app: Flask, engine: Engine, path: Path, *, replace: bool = False) -> Manifest:
    """Write a backup into the database, which has to be a new one unless it is to be replaced; nobody may use it.

    Raises BackupError, and then the database is as it was.
    """
    with Archive(path) as archive:
        _refuse_newer(archive)
        archive.check()
        manifest = archive.manifest
        errors: tuple[type[Exception], ...] = (SQLAlchemyError, engine.dialect.loaded_dbapi.Error)
        try:
            with new_database(engine, replace=replace) as connection:
                _migrate(app, connection, manifest.migration)
                tables = _tables_of(connection, archive)
                with _without_what_slows(connection, tables):
                    for note in manifest.tables:
                        written.write_lines(connection, tables[note.name], archive.blocks(note))
                _refuse_difference(connection, manifest, tables)
                _migrate(app, connection, "head")
        except errors as error:
            raise BackupError(f"{_why(error)}; it is as it was.") from error
    return manifest


def _why(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    if takes_no_writes(error):
        return f"The database has no room, or cannot be written ({type(cause).__name__})"
    if is_trouble(error):
        return f"The database does not answer ({type(cause).__name__})"
    return f"The database does not take what the backup holds ({type(cause).__name__})"


def _refuse_newer(archive: Archive) -> None:
    known = {script.revision for script in ScriptDirectory(MIGRATIONS).walk_revisions()}
    if archive.manifest.migration not in known:
        raise BackupError(
            f"{archive.path} was made by a version of Grapevine that this one does not know"
            f" ({archive.manifest.grapevine}, migration {archive.manifest.migration}): restore it with that one."
        )


def _migrate(app: Flask, connection: Connection, revision: str) -> None:
    """Migrate within the transaction of the connection, which stays open."""
    config = app.extensions["migrate"].migrate.get_config(MIGRATIONS)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _tables_of(connection: Connection, archive: Archive) -> dict[str, written.Table]:
    """Return the tables as the backup writes them, emptied of what the migrations put into them."""
    found = {table.name: table for table in written.tables_in(connection)}
    noted = {note.name: note.columns for note in archive.manifest.tables}
    ours = {name: sorted(column.name for column in table.columns) for name, table in found.items()}
    if ours != {name: sorted(columns) for name, columns in noted.items()}:
        raise BackupError(f"{archive.path} holds other tables than its migration {archive.manifest.migration} makes.")
    for name in found:
        if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first():  # noqa: S608 - as reflected
            connection.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608 - as reflected
    return {name: table.with_columns(noted[name]) for name, table in found.items()}


@contextmanager
def _without_what_slows(connection: Connection, tables: Collection[str]) -> Iterator[None]:
    """Take indexes, and what is checked row by row, away, and make them again when all rows are there."""
    if connection.dialect.name == "sqlite":
        kinds: dict[str, str] = dict(
            connection.execute(
                text("SELECT name, type FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL")
            ).all()
        )
        made = connection.scalars(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")).all()
        for name, kind in kinds.items():
            connection.exec_driver_sql(f'DROP {kind} "{name}"')
        yield
        for statement in made:
            connection.exec_driver_sql(statement)
        append_only.protect(connection)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1):
            raise BackupError(f"Rows of {broken[0][0]} refer to what is not in the backup.")
        return
    ours = {"ours": list(tables)}
    keys = connection.execute(text(_FOREIGN_KEYS), ours).all()
    indexes = connection.execute(text(_INDEXES), ours).all()
    for table, name, _definition in keys:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    for name, _definition in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    yield
    # As the server itself writes them: nothing in them is a placeholder.
    driver: Any = connection.connection.driver_connection
    for _name, definition in indexes:
        driver.execute(definition)
    for table, name, definition in keys:
        driver.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _refuse_difference(connection: Connection, manifest: Manifest, tables: dict[str, written.Table]) -> None:
    """Read everything back: it has to be, octet by octet, what the backup holds."""
    for note in manifest.tables:
        counted = Counted()
        for _block in counted.through(written.read_lines(connection, tables[note.name])):
            pass
        if counted.note(note.name, note.columns) != note:
            raise BackupError(f"The rows of {note.name} came out otherwise than they went in; nothing was restored.")
