"""`backup` and `restore`: everything the database holds, in one file, and back."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.backups import BackupError
from webapp.backups.archive import Manifest
from webapp.backups.restoring import restore
from webapp.backups.taking import key_check, take
from webapp.clock import utc_now
from webapp.database import close_connections, one_snapshot, write_transaction, writing_engine
from webapp.extensions import db
from webapp.queries import audit, ledger, rollups
from webapp.queries.last_times import BACKED_UP
from webapp.services.last_times import remember_time
from webapp.version import version

FILE = click.Path(path_type=Path, dir_okay=True)
PROOFS: tuple[tuple[str, Callable[[Session], Iterator[str]]], ...] = (
    ("ledger", ledger.breaches),
    ("audit log", audit.breaches),
    ("roll-ups", rollups.breaches),
)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Put it in the place of a file that is there already.")
@with_appcontext
def backup_command(file: Path, *, overwrite: bool) -> None:
    """Write everything the database holds at this moment into FILE, while the site runs."""
    try:
        key: str = current_app.config["SECRET_KEY"]
        taken = take(db.engine, file, secret_key=key, version=version(), now=utc_now(), overwrite=overwrite)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    # What holds a copy may itself be one that can only be read.
    with suppress(SQLAlchemyError), write_transaction() as session:
        remember_time(session, BACKED_UP, utc_now())
    click.echo(f"{file}: {_described(taken)}, {file.stat().st_size:,} bytes.")
    click.echo("SECRET_KEY and the other settings are not in it: keep them too, and apart from it.")


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Lose what the database holds; without it only a new one is written to.")
@with_appcontext
def restore_command(file: Path, *, replace: bool) -> None:
    """Write a backup into a new database, all of it or nothing, and prove that it is what was backed up.

    A line for each breach of the books, and exit 1 when there is one.
    """
    # A connection of this process would count as somebody who has the database open.
    close_connections()
    try:
        restored = restore(current_app._get_current_object(), writing_engine(), file, replace=replace)  # type: ignore[attr-defined]
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Restored {_described(restored)}, taken {restored.taken_at} from {restored.engine}.")
    if restored.key_check != key_check(current_app.config["SECRET_KEY"]):
        click.echo("SECRET_KEY is another one than that of the site it was taken of: set that one.", err=True)
    click.echo("Every row was read back and is what the backup holds.")
    if not _prove():
        sys.exit(1)


def _described(manifest: Manifest) -> str:
    return f"{manifest.rows:,} rows of {len(manifest.tables)} tables at migration {manifest.migration}"


def _prove() -> bool:
    whole = True
    with one_snapshot() as session:
        for what, breaches in PROOFS:
            found = 0
            for line in breaches(session):
                click.echo(f"{what}: {line}")
                found += 1
            if not found:
                click.echo(f"The {what}: whole.")
            whole = whole and not found
    return whole
