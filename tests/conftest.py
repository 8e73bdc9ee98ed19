"""What every test can ask for. Whatever touches the database runs on SQLite and on PostgreSQL."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from tests.chance import SEARCHING
from tests.databases import FAST, PostgreSQL, SQLite, config_for, hasten
from tests.made_once import (
    TEMPLATES,
    collect_garbage_rarely,
    compile_routes_once,
    register_views_once,
    write_statements_once,
)
from webapp import create_app
from webapp.database import close_connections
from webapp.extensions import db

# How busy a machine is says nothing about a rule.
settings.register_profile(
    "grapevine",
    settings.default,
    deadline=None,
    derandomize=not SEARCHING,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("grapevine")

compile_routes_once()
register_views_once()

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def pytest_collection_finish(session: pytest.Session) -> None:
    collect_garbage_rarely()


def _missing(what: str, why: object) -> None:
    """Fail where everything must be there, skip loudly elsewhere."""
    message = f"{what}: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SQLite:
    return SQLite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL | Exception]:
    """A PostgreSQL server of this test process, or the reason why there is none."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    # Not below pytest's folder: another run closes that to all but its owner, and a server started by root has another.
    with tempfile.TemporaryDirectory(prefix="grapevine-postgresql-", ignore_cleanup_errors=True) as folder:
        try:
            server = PostgreSQL(Path(folder))
        except Exception as error:
            yield error
            return
        yield server
        server.stop()


@pytest.fixture(params=ENGINES)
def databases(request: pytest.FixtureRequest) -> SQLite | PostgreSQL:
    """The engine under test."""
    found = request.getfixturevalue(f"{request.param}_databases")
    if isinstance(found, Exception):
        _missing("no PostgreSQL", found)
    return found


@pytest.fixture
def beginning() -> Callable[[], Any] | None:
    """What fills the database before the test. Tests that begin alike say so, and it is carried out once a process."""
    return None


@pytest.fixture
def began(databases: SQLite | PostgreSQL, beginning: Callable[[], Any], database_url: str) -> Any:
    """What `beginning` returned when it was carried out: ids, or whatever else the database does not tell."""
    return databases.filled[beginning][1]


@pytest.fixture
def database_url(databases: SQLite | PostgreSQL, beginning: Callable[[], Any] | None, tmp_path: Path) -> Iterator[str]:
    """A migrated database of this test alone."""
    url = databases.clone(tmp_path, beginning and filled_by(beginning, databases, tmp_path))
    yield url
    databases.drop(url)


def filled_by(beginning: Callable[[], Any], databases: SQLite | PostgreSQL, folder: Path) -> Any:
    """Return what is kept of a database that was filled by this function, in an application's context."""
    if beginning not in databases.filled:
        url = databases.clone(folder)
        app = create_app(config_for(url, folder), **FAST)
        with app.app_context():
            hasten(db.engines.values())
            write_statements_once(db.engines.values())
            told = beginning()
            if path := app.extensions.get("grapevine_clicks"):
                path.writer.stop()
            db.session.remove()
            close_connections()
        databases.filled[beginning] = databases.save(url), told
        databases.drop(url)
    return databases.filled[beginning][0]


@pytest.fixture
def make_app(databases: SQLite | PostgreSQL, database_url: str, tmp_path: Path) -> Iterator[Any]:
    """Build applications on this test's database: `make_app(BASE_URL=…, settings={…})`."""
    made: list[Flask] = []

    def make(*, settings: dict[str, object] | None = None, **environ: str) -> Flask:
        app = create_app(config_for(database_url, tmp_path, **environ), **{**FAST, **(settings or {})})
        with app.app_context():
            hasten(db.engines.values())
            databases.lend_connections(db.engines.values())
            write_statements_once(db.engines.values())
        app.jinja_env.bytecode_cache = TEMPLATES
        made.append(app)
        return app

    yield make
    engines: list[Engine] = []
    for app in made:
        if path := app.extensions.get("grapevine_clicks"):
            path.writer.stop()
        with app.app_context():
            db.session.remove()
            engines += db.engines.values()
    databases.take_connections_back(engines)


@pytest.fixture
def app(make_app: Any) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    """An application context, for services and queries."""
    with app.app_context():
        yield app


def browser(app: Flask) -> FlaskClient:
    """Return a client that calls itself an ordinary browser."""
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    return client
