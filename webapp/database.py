"""The two kinds of session.

Reading is what every session does by itself: it begins plainly, takes no lock,
and the database refuses a write in it. Writing happens only inside
`with write_transaction():`, which commits at its end. On SQLite it first takes
one file lock and then begins IMMEDIATE, so that writers queue in order instead
of polling a busy database; and it has connections of its own, because telling
one connection now this and now that makes SQLite prepare every statement anew.
Who cannot begin in time gives up (`webapp.write_turns`).
"""

import math
import os
import time
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
from webapp.trouble import is_trouble
from webapp.write_turns import MOST_WRITERS, FileLock, NoTurnError, Turns, seconds_until

# As the server begins a transaction by itself: one that its operator, or its full disk, lets only read is not written.
WRITING: dict[str, Any] = {"postgresql_readonly": None}
# Whoever cannot begin to write for so long, or has to wait for somebody else's lock, gives up. Somebody waits for an
# answer, and a thread is taken: what holds the database has hung, or takes its time.
PATIENCE = "WRITE_PATIENCE"
PATIENCE_SECONDS = 5.0
# For whom nobody waits.
LONG_PATIENCE_SECONDS = 60.0
# What was erased is rather left in SQLite's log a little longer than waited for.
_WRITE_DOWN_SECONDS = 1.0
_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') = '0'"
# A day, where there is no end: SQLite takes no more than some.
_LONGEST_BUSY_SECONDS = 86_400
# What a transaction is given, what a connection was told last, and what an application has for its writers.
_UNTIL, _BUSY, _TURNS = "begun_until", "busy_tenths", "grapevine_write_turns"
_LOCK = "the write lock"
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
_SQLITE = {"timeout": PATIENCE_SECONDS, "isolation_level": None, "cached_statements": 512}
# A server that is away is noticed before whoever asks gives up: also by connections that are open, when its machine is
# gone without a word. A statement may take as long as it takes, once it has its locks.
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
    app.config.setdefault(PATIENCE, PATIENCE_SECONDS)
    db.init_app(app)
    with app.app_context():
        sqlite = db.engine.dialect.name == "sqlite"
        if sqlite:
            for engine, begin in ((db.engine, _sqlite_begin), (writing_engine(), _sqlite_begin_writing)):
                event.listen(engine, "do_connect", _make_file)
                event.listen(engine, "connect", partial(_sqlite_connect, query_only=engine is db.engine))
                event.listen(engine, "begin", begin)
        else:
            event.listen(db.engine, "connect", partial(_postgresql_connect, config=app.config))
    app.extensions[_TURNS] = Turns(1 if sqlite else MOST_WRITERS)


def wait_longer(app: Flask, seconds: float | None = LONG_PATIENCE_SECONDS) -> None:
    """Let this process, which answers nobody, wait for so long, None is without end; before it opens a connection."""
    app.config[PATIENCE] = seconds


def writing_engine() -> Engine:
    """Return the engine of the application whose connections may write."""
    return db.engines.get(WRITER, db.engine)


def close_connections() -> None:
    """Close what no transaction uses. Connections are not shared between processes."""
    for engine in db.engines.values():
        engine.dispose()


@contextmanager
def write_transaction(*, patiently: bool = False) -> Iterator[Session]:
    """Give the application's session for writing; commit at the end, roll back on any exception.

    What was loaded before is read again, so that decisions rest on what is true
    under the lock. Cannot be nested. Whoever waits `patiently` for their turn
    never gives up; others raise OperationalError when it takes too long.
    """
    session = db.session()
    if session.info.get(OPEN):
        raise RuntimeError("a write transaction is already open")
    session.rollback()
    patience: float | None = current_app.config[PATIENCE]
    with _turn(None if patiently else patience) as until:
        session.info[OPEN] = True
        try:
            connection = session.connection(execution_options={**WRITING, _UNTIL: until})
            if patiently and patience is not None and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            session.info[CONNECTION] = connection
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


@contextmanager
def _turn(patience: float | None) -> Iterator[float | None]:
    """Have one's turn to write, and say until when the transaction has to have begun; None is without end."""
    until = None if patience is None else time.monotonic() + patience
    turns: Turns = current_app.extensions[_TURNS]
    try:
        turns.take(until)
    except NoTurnError as error:
        raise OperationalError(_LOCK, None, error) from error
    went_well = True
    try:
        with write_lock(db.engine, until):
            yield until
    except SQLAlchemyError as error:
        went_well = not is_trouble(error)
        raise
    finally:
        turns.hand_over(went_well=went_well)


def write_down() -> None:
    """Take what was written into the file itself, so that what was erased stands in no log beside it any more.

    SQLite only; while somebody reads, or keeps others from writing, the rest is left for the next time. PostgreSQL sees
    to that by itself.
    """
    if db.engine.dialect.name != "sqlite":
        return
    try:
        with _turn(_WRITE_DOWN_SECONDS), writing_engine().connect() as connection:
            raw: Any = connection.connection.driver_connection
            # Whoever reads is not waited for: clicks wait for this lock meanwhile.
            connection.info.pop(_BUSY, None)
            raw.execute("PRAGMA busy_timeout=500").close()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    except OperationalError as error:
        # What was to be done is done, and committed.
        if not isinstance(error.orig, NoTurnError):
            raise


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
def write_lock(engine: Engine, until: float | None = None) -> Iterator[None]:
    """Hold the one lock under which SQLite is written. Nothing to do on PostgreSQL.

    Raises OperationalError when it cannot be had by then, on the monotonic clock.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    try:
        file = _file_lock(f"{engine.url.database}.lock").take(until)
    except OSError as error:
        # In time, or at all: where nothing can be written the lock cannot be either.
        raise OperationalError(_LOCK, None, error) from error
    try:
        yield
    finally:
        os.close(file)


@lru_cache(maxsize=100)
def _file_lock(path: str) -> FileLock:
    return FileLock(path)


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


def _sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _sqlite_begin_writing(connection: Connection) -> None:
    """Begin, in what is left of the time, though another program that knows nothing of our lock may hold the file."""
    until: float | None = connection.get_execution_options().get(_UNTIL, time.monotonic() + PATIENCE_SECONDS)
    tenths = math.ceil(10 * min(seconds_until(until), _LONGEST_BUSY_SECONDS))
    if connection.info.get(_BUSY) != tenths:
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout={100 * tenths}").close()
        connection.info[_BUSY] = tenths
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql_connect(connection: Any, _record: object, *, config: dict[str, Any]) -> None:
    """Have a connection wait for somebody else's lock for so long, unless its operator has said for how long.

    Not as an option of the connection: poolers between us and the server refuse those that they do not know.
    """
    patience: float | None = config[PATIENCE]
    if patience is not None:
        connection.autocommit = True
        connection.execute(_LOCK_TIMEOUT, [f"{1000 * patience:.0f}"])
        connection.autocommit = False
