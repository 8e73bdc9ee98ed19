"""A site to back up, and an empty database to restore into: each on both engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import money
from tests.conftest import ENGINES, _missing
from tests.databases import FAST, PostgreSQL, SQLite, config_for
from tests.factories import NOON
from webapp import create_app
from webapp.backups.taking import take
from webapp.database import close_connections, write_transaction
from webapp.extensions import db

KEY = "a secret for tests that is long enough"
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
into_sqlite = pytest.mark.parametrize("other_databases", ["sqlite"], indirect=True)


@pytest.fixture(params=ENGINES)
def other_databases(request: pytest.FixtureRequest) -> SQLite | PostgreSQL:
    """The engine that is restored to, whatever the other one is."""
    found = request.getfixturevalue(f"{request.param}_databases")
    if isinstance(found, Exception):
        _missing("no PostgreSQL", found)
    return found


@pytest.fixture
def target(other_databases: SQLite | PostgreSQL, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database without any table."""
    folder = tmp_path / "target"
    folder.mkdir()
    url = other_databases.empty(folder)
    app = create_app(config_for(url, tmp_path), **FAST)
    yield app
    with app.app_context():
        db.session.remove()
        close_connections()
    other_databases.drop(url)


@pytest.fixture
def restored(target: Flask) -> Any:
    """Restore a file: `restored(path, "--replace")`. Returns what the command printed and its exit code."""
    return lambda path, *options: target.test_cli_runner().invoke(args=["restore", str(path), *options])


def back_up(app: Flask, path: Path, **more: Any) -> Any:
    """Take a backup of an application's database."""
    with app.app_context():
        return take(db.engine, path, secret_key=KEY, version="test", now=NOON, **more)


def command(app: Flask, *arguments: str) -> Any:
    """Run a command of an application."""
    return app.test_cli_runner().invoke(args=list(arguments))


@pytest.fixture
def backed_up(app: Flask, tmp_path: Path) -> Path:
    """A site with money, and its backup."""
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        money.buy(session, money.ada_and_bob(session)[1])
    path = tmp_path / "site.backup"
    back_up(app, path)
    return path
