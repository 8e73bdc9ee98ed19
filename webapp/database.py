"""The two kinds of session.

Reading is what every session does by itself: it begins plainly, takes no lock,
and the database refuses a write in it. Writing happens only inside
`with write_transaction():`, which commits at its end. On SQLite it first takes
one file lock and then begins IMMEDIATE, so that writers queue in order instead
of polling a busy database; and it has connections of its own, because telling
one connection now this and now that makes SQLite prepare every statement anew.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.config import ROOT, ConfigError
from webapp.extensions import WRITER, db
from webapp.logs import sparing_line
from webapp.metrics import current_metrics
from webapp.transactions import (
    AT_THE_END,
    BEFORE_THE_END,
    CONNECTION,
    GATHERED,
    NOTED,
    OPEN,
    connection_of,
    sent_together,
    write_what_comes_before,
    write_what_was_left,
)

# As the server begins a transaction by itself: one that its operator, or its full disk, lets only read is not written.
WRITING: dict[str, Any] = {"postgresql_readonly": None}
SQLITE_BUSY_SECONDS = 10
# What the log says of it.
DATABASE_UNAVAILABLE = "database_unavailable"
# Most threads of a worker wait for clicks, which share one connection; pages take the others, and wait for one rather
# than ask more of a database server than it lets in. Messages of failures go without values.
_ENGINE = {"pool_size": 8, "max_overflow": 12, "hide_parameters": True}
# Pages that are written again and again go back to the file once for 16 MB of log, not for every 4; 16 MB of them are
# kept in memory. What is deleted is overwritten: forgotten clicks and destroyed salts must not be found in the file.
_SQLITE_PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"),
    *("wal_autocheckpoint=4000", "cache_size=-16000"),
)
_SQLITE = {"timeout": SQLITE_BUSY_SECONDS, "isolation_level": None, "cached_statements": 512}
# A server that is away is noticed before whoever asks gives up: also by connections that are open, when its machine is
# gone without a word. A statement may take as long as it takes.
_POSTGRESQL = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3_000,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}


def settings(url: URL) -> dict[str, Any]:
    """Return what Flask-SQLAlchemy is told about this database."""
    if url.get_backend_name() == "sqlite":
        options = {**_ENGINE, "connect_args": _SQLITE}
        return {
            "SQLALCHEMY_DATABASE_URI": url,
            "SQLALCHEMY_ENGINE_OPTIONS": options,
            "SQLALCHEMY_BINDS": {WRITER: {"url": url, **options}},
        }
    options = {
        **_ENGINE,
        "pool_pre_ping": True,
        "connect_args": _POSTGRESQL,
        "execution_options": {"postgresql_readonly": True},
    }
    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options}


def init_app(app: Flask) -> None:
    """Bind the database to the application and teach its engines the two kinds of transaction."""
    url: URL = app.config["SQLALCHEMY_DATABASE_URI"]
    if url.get_backend_name() == "sqlite":
        _make_folder(Path(url.database or "").parent)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            for engine, begin in ((db.engine, "BEGIN"), (writing_engine(), "BEGIN IMMEDIATE")):
                event.listen(engine, "do_connect", _make_file)
                event.listen(engine, "connect", partial(_sqlite_connect, query_only=engine is db.engine))
                event.listen(engine, "begin", partial(_sqlite_begin, statement=begin))


def writing_engine() -> Engine:
    """Return the engine of the application whose connections may write."""
    return db.engines.get(WRITER, db.engine)


def close_connections() -> None:
    """Close what no transaction uses. Connections are not shared between processes."""
    for engine in db.engines.values():
        engine.dispose()


@contextmanager
def write_transaction() -> Iterator[Session]:
    """Give the application's session for writing; commit at the end, roll back on any exception.

    What was loaded before is read again, so that decisions rest on what is true
    under the lock. Cannot be nested.
    """
    session = db.session()
    if session.info.get(OPEN):
        raise RuntimeError("a write transaction is already open")
    session.rollback()
    with write_lock(db.engine):
        session.info[OPEN] = True
        try:
            session.info[CONNECTION] = session.connection(execution_options=WRITING)
            yield session
            _end(session)
            noted = session.info.pop(NOTED, None)
        except BaseException:
            session.rollback()
            raise
        finally:
            for what in (OPEN, CONNECTION, BEFORE_THE_END, AT_THE_END, GATHERED, NOTED):
                session.info.pop(what, None)
    if noted:
        current_metrics().count_noted(noted)
    sparing_line(current_app, DATABASE_UNAVAILABLE).over()


def _end(session: Session) -> None:
    # Of what is changed through objects the session asks the outcome, so it goes first.
    session.flush()
    write_what_comes_before(session)
    session.flush()
    if AT_THE_END in session.info:
        with sent_together(session):
            write_what_was_left(session)
            connection = connection_of(session)
            if connection.dialect.name == "postgresql":
                # The commit travels with them: what they lock is free again before any answer is read.
                connection.dialect.do_commit(connection.connection)
    session.commit()


def write_down() -> None:
    """Take what was written into the file itself, so that what was erased stands in no log beside it any more.

    SQLite only; while somebody reads, the rest is left for the next time. PostgreSQL sees to that by itself.
    """
    if db.engine.dialect.name == "sqlite":
        with write_lock(db.engine), writing_engine().connect() as connection:
            raw: Any = connection.connection.driver_connection
            # Whoever reads is not waited for: clicks wait for this lock meanwhile.
            raw.execute("PRAGMA busy_timeout=500").close()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            raw.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_SECONDS * 1000}").close()


@contextmanager
def one_snapshot() -> Iterator[Session]:
    """Give the application's session for reading the database as it is at one moment, over any number of queries.

    SQLite reads like that anyway; PostgreSQL has to be asked.
    """
    session = db.session()
    session.rollback()
    _read_as_of_now(session)
    try:
        yield session
    finally:
        session.rollback()


@contextmanager
def snapshot_for_streaming(engine: Engine) -> Iterator[Session]:
    """Give a session of its own that reads one moment of the database, for an answer that is sent in parts.

    The session of the request is gone by then.
    """
    with Session(engine) as session:
        _read_as_of_now(session)
        yield session


def _read_as_of_now(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def stands_at_head() -> bool:
    """Say whether the database has every migration of this version and none beyond."""
    try:
        found = db.session.scalars(text("SELECT version_num FROM alembic_version")).all()
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return list(found) == [_head()]


@lru_cache
def _head() -> str | None:
    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


@contextmanager
def write_lock(engine: Engine) -> Iterator[None]:
    """Hold the one lock under which SQLite is written. Nothing to do on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        yield
        return
    try:
        file = open(f"{engine.url.database}.lock", "a")  # noqa: SIM115 - closed below, whatever happens inside
    except OSError as error:
        # Where nothing can be written the lock cannot be either.
        raise OperationalError("the write lock", None, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL must name a file in a folder that is there or can be made ({error.strerror})."
        ) from error


def _make_file(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:
    """Before SQLite makes a file that others can read: what is beside it gets the permissions of this one."""
    # One that is there stays as it is; of one that cannot be made SQLite says why.
    with suppress(OSError):
        os.close(os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _sqlite_connect(connection: Any, _record: object, *, query_only: bool) -> None:
    for pragma in (*_SQLITE_PRAGMAS, f"query_only={int(query_only)}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: Connection, *, statement: str) -> None:
    connection.exec_driver_sql(statement)
