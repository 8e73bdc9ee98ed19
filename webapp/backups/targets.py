"""Where a restore writes to: tables of nobody, which become the site's database all at once."""

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from webapp.backups import BackupError
from webapp.database import WRITING, write_lock
from webapp.models import Model
from webapp.trouble import takes_no_writes

# What is there before anybody used the site.
_MADE_BY_JOBS = {"job_leases", "address_salts"}
# Extended codes of SQLite hold the plain one in their last octet.
_PLAIN = 0xFF
_COUNT = 'SELECT count(*) FROM "{}"'
_IN_USE = "The database is in use: stop the site, and whatever else has it open, first."
_NOT_NEW = "The database is not a new one: name a new one in DATABASE_URL, or add --replace to lose what it holds."
# A server still counts for a moment whoever has just hung up, as a site that was stopped.
GOING_SECONDS = 2.0
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
# Nobody reads the file before it is whole, so nothing in it has to survive a power cut.
_FILLING = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-64000")


@contextmanager
def new_database(engine: Engine, *, replace: bool) -> Iterator[Connection]:
    """Give a connection in whose transaction the database is empty; what is made there counts at the end, or nothing.

    Raises BackupError when the database holds something, unless it is to be replaced, and when somebody uses it.
    """
    filled = _sqlite if engine.dialect.name == "sqlite" else _postgresql
    with filled(engine, replace) as connection:
        yield connection


@contextmanager
def _sqlite(engine: Engine, replace: bool) -> Iterator[Connection]:
    # In the place of the file itself, where its name is a link to it.
    path = Path(engine.url.database or "").resolve()
    beside = path.with_name(f"{path.name}.restoring")
    with write_lock(engine), _closed_to_others(path, replace=replace):
        filling = create_engine(f"sqlite:///{beside}", poolclass=NullPool, connect_args={"isolation_level": None})
        event.listen(filling, "connect", _prepare)
        event.listen(filling, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        try:
            with _new_file(beside) as file:
                with filling.begin() as connection:
                    yield connection
                _put_in_place(file, beside, path, lock=Path(f"{engine.url.database}.lock"))
        except OSError as error:
            raise BackupError(f"The database cannot be written ({error.strerror}).") from error
        finally:
            with suppress(OSError):
                beside.unlink()


def _new_file(path: Path) -> IO[bytes]:
    """Return a file that nobody else can read: it is to hold all that the backup does."""
    # What a restore left that was killed.
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _FILLING:
        connection.execute(f"PRAGMA {pragma}").close()


@contextmanager
def _closed_to_others(path: Path, *, replace: bool) -> Iterator[None]:
    """Hold a database that is there so that nobody else can open it, and without a log beside it."""
    if not path.exists():
        for left in (path.with_name(f"{path.name}{end}") for end in ("-wal", "-journal")):
            if left.exists():
                # SQLite would write it into whatever has the name.
                raise BackupError(f"{left} is left of a database that is gone: move it away, and restore again.")
        yield
        return
    with closing(_closed(path)) as connection:
        if not replace:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            _refuse_used(names, lambda name: int(connection.execute(_COUNT.format(name)).fetchone()[0]))
        yield


def _closed(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=GOING_SECONDS, isolation_level=None)
        try:
            for statement in ("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=DELETE", "BEGIN EXCLUSIVE"):
                connection.execute(statement).close()
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        code = (error.sqlite_errorcode or 0) & _PLAIN
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BackupError(_IN_USE) from error
        if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM} or takes_no_writes(error):
            raise BackupError(f"{path} cannot be written: restore as whoever owns it and its folder.") from error
        raise BackupError(
            f"{path} is no database that can be read and written: move it and the files beside it away, and"
            " restore again."
        ) from error
    return connection


def _put_in_place(file: IO[bytes], beside: Path, path: Path, *, lock: Path) -> None:
    like = path if path.exists() else path.parent
    about = like.stat()
    if path.exists():
        os.fchmod(file.fileno(), stat.S_IMODE(about.st_mode))
    with suppress(PermissionError):
        # Whoever restores as root does it for the one whose database it is, and who has to take its lock.
        os.fchown(file.fileno(), about.st_uid, about.st_gid)
        os.chown(lock, about.st_uid, about.st_gid, follow_symlinks=False)
    os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _postgresql(engine: Engine, replace: bool) -> Iterator[Connection]:
    with engine.connect().execution_options(**WRITING) as connection, connection.begin():
        # Moments are written without their zone, which is UTC.
        for setting in ("TIME ZONE 'UTC'", "maintenance_work_mem = '128MB'", "lock_timeout = '5s'"):
            connection.execute(text(f"SET LOCAL {setting}"))
        ours = {*Model.metadata.tables, "alembic_version"} & set(inspect(connection).get_table_names())
        if ours:
            _refuse_others(connection)
            if not replace:
                _refuse_used(ours, lambda name: connection.scalar(text(_COUNT.format(name))) or 0)
            connection.execute(text("DROP TABLE " + ", ".join(f'"{name}"' for name in sorted(ours))))
        yield connection
    # The tables are new, and a server that does not know how large they are chooses slow ways.
    with suppress(SQLAlchemyError), engine.connect().execution_options(**WRITING) as connection, connection.begin():
        connection.execute(text("ANALYZE"))


def _refuse_others(connection: Connection) -> None:
    """The site has the same user as this restore; who watches the server has another."""
    gone_by = time.monotonic() + GOING_SECONDS
    while connection.scalar(_OTHERS):
        if time.monotonic() > gone_by:
            raise BackupError(_IN_USE)
        time.sleep(0.1)
        # Within a transaction the server would say the same again.
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))


def _refuse_used(tables: set[str], count: Callable[[str], int]) -> None:
    """Raise BackupError when a table holds more than it does before anybody used the site."""
    most = {"programs": 1}
    for name in sorted(tables & set(Model.metadata.tables)):
        if name not in _MADE_BY_JOBS and count(name) > most.get(name, 0):
            raise BackupError(_NOT_NEW)
