"""Taking a backup: everything that one moment of the database holds, while others go on writing."""

import hmac
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from webapp.backups import BackupError
from webapp.backups.archive import ArchiveWriter, Manifest, written_whole
from webapp.backups.rows import read_lines, tables_in

_AWAY = "The database does not answer; nothing is left of the backup."


def take(
    engine: Engine, path: Path, *, secret_key: str, version: str, now: datetime, overwrite: bool = False
) -> Manifest:
    """Write a backup. `engine` reads; nobody who writes waits for it. Raises BackupError, and then leaves nothing."""
    errors: tuple[type[Exception], ...] = (DBAPIError, engine.dialect.loaded_dbapi.Error)
    with written_whole(path, overwrite=overwrite) as file:
        try:
            with engine.connect() as connection, ArchiveWriter(file) as archive:
                if engine.dialect.name == "postgresql":
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")
                migration = _migration(connection)
                for table in tables_in(connection):
                    names = tuple(column.name for column in table.columns)
                    archive.add_table(table.name, names, read_lines(connection, table))
                manifest = Manifest(
                    grapevine=version,
                    migration=migration,
                    engine=engine.dialect.name,
                    taken_at=now.astimezone(UTC).isoformat(timespec="seconds"),
                    key_check=key_check(secret_key),
                    tables=tuple(archive.tables),
                )
                archive.finish(manifest)
                connection.rollback()
        except errors as error:
            raise BackupError(_AWAY) from error
    return manifest


def key_check(secret_key: str) -> str:
    """Return what tells one SECRET_KEY from another, and from which none can be computed."""
    return hmac.digest(secret_key.encode(), b"grapevine.backup", "sha256").hex()


def _migration(connection: Connection) -> str:
    try:
        found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    except DBAPIError as error:
        raise BackupError("The database holds no site: there is nothing to back up.") from error
    if len(found) != 1:
        raise BackupError("The database stands between migrations: run `flask --app wsgi db upgrade`.")
    return str(found[0])
