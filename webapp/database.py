"""The two kinds of session.

Reading is what every session does by itself: it begins plainly, takes no lock,
and the database refuses a write in it. Writing happens only inside
`with write_transaction():`, which commits at its end. On SQLite it first takes
one file lock and then begins IMMEDIATE, so that writers queue in order instead
of polling a busy database.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from webapp.config import ConfigError
from webapp.extensions import db

WRITING = {"writing": True, "postgresql_readonly": False}
SQLITE_BUSY_SECONDS = 10
# Enough for every thread of a worker.
_POOL = {"pool_size": 20, "max_overflow": 10}


def engine_options(url: URL) -> dict[str, Any]:
    """Return what SQLAlchemy's create_engine needs for this database."""
    if url.get_backend_name() == "sqlite":
        return {**_POOL, "connect_args": {"timeout": SQLITE_BUSY_SECONDS, "isolation_level": None}}
    return {**_POOL, "pool_pre_ping": True, "execution_options": {"postgresql_readonly": True}}


def init_app(app: Flask) -> None:
    """Bind the database to the application and teach its engine the two kinds of transaction."""
    url: URL = app.config["SQLALCHEMY_DATABASE_URI"]
    if url.get_backend_name() == "sqlite":
        _make_folder(Path(url.database or "").parent)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _sqlite_connect)
            event.listen(db.engine, "begin", _sqlite_begin)


@contextmanager
def write_transaction() -> Iterator[Session]:
    """Give the application's session for writing; commit at the end, roll back on any exception.

    What was loaded before is read again, so that decisions rest on what is true
    under the lock. Cannot be nested.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("a write transaction is already open")
    session.rollback()
    with write_lock(db.engine):
        session.info["writing"] = True
        try:
            session.connection(execution_options=WRITING)
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("writing", None)


@contextmanager
def write_lock(engine: Engine) -> Iterator[None]:
    """Hold the one lock under which SQLite is written. Nothing to do on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with open(f"{engine.url.database}.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL must name a file in a folder that is there or can be made ({error.strerror})."
        ) from error


def _sqlite_connect(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
