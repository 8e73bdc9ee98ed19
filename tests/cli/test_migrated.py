"""Commands on a database that is not at this version, not there, or held: one sentence that says what to do."""

import resource
from datetime import date

import pytest
from sqlalchemy import create_engine, text

from tests.databases import FAST, config_for
from webapp import create_app
from webapp.cli import migrated
from webapp.database import PATIENCE, PATIENCE_SECONDS, close_connections, wait_longer, write_transaction
from webapp.extensions import db

UNMIGRATED = "Error: The database is not at this version: run `flask --app wsgi db upgrade`.\n"

RULES = '[[rules]]\nkey = "one"\n'

COMMANDS = [
    ["users", "create", "ada@example.org", "--name", "Ada", "--role", "admin"],
    ["keys", "create", "shop"],
    ["rules", "apply", "{rules}"],
    ["rules", "export"],
    ["ledger", "verify"],
    ["rollups", "verify"],
    ["rollups", "rebuild"],
    ["jobs", "once", "deliver-mail"],
    ["jobs", "run"],
    ["demo", "seed"],
    ["serve", "--port", "1"],
]
IDS = [" ".join(command[:2]) for command in COMMANDS]


@pytest.fixture
def run(tmp_path):
    """Run a command of an application on this database; a file of rules is there for it."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    made = []

    def run(database_url, command):
        app = create_app(config_for(database_url, tmp_path), **FAST)
        made.append(app)
        return app.test_cli_runner().invoke(args=[word.format(rules=rules) for word in command])

    yield run
    for app in made:
        with app.app_context():
            db.session.remove()
            close_connections()


@pytest.fixture
def empty_url(databases, tmp_path):
    url = databases.empty(tmp_path)
    yield url
    databases.drop(url)


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_database_that_was_never_migrated_is_refused_in_a_sentence(run, empty_url, command):
    result = run(empty_url, command)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", UNMIGRATED)


def test_one_that_lacks_the_last_migration_is_refused_too(app, run, database_url):
    with app.app_context(), write_transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert run(database_url, ["ledger", "verify"]).stderr == UNMIGRATED


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[4]], ids=[IDS[0], IDS[4]])
@pytest.mark.parametrize("database", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:///{folder}/not-a-database"])
def test_a_database_that_does_not_answer_is_said_to(run, tmp_path, database, command):
    (tmp_path / "not-a-database").write_text("something else " * 100)
    result = run(database.format(folder=tmp_path), command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: The database does not answer: DATABASE_URL must name one that does.\n"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_one_that_takes_no_writes_is_said_to(app, run, database_url):
    # As on a disk that is nearly full: what is read by has room, and the log of the database has none.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
        result = run(database_url, COMMANDS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = "Error: The database has no room, or can only be read: nothing was changed.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


@pytest.mark.parametrize("command", [[*command[:2], "--help"] for command in COMMANDS], ids=IDS)
def test_help_needs_no_database(run, tmp_path, command):
    help_of = command if command[0] != "serve" else ["serve", "--help"]
    assert run(f"sqlite:///{tmp_path / 'none.db'}", help_of).exit_code == 0


def test_the_demo_migrates_by_itself(run, empty_url, monkeypatch):
    served = []
    monkeypatch.setattr("webapp.cli.demo.serve", lambda *_args, **_kwargs: served.append(date.max))
    monkeypatch.setattr("webapp.cli.demo._seed", lambda **_kwargs: None)
    assert run(empty_url, ["demo", "run"]).exit_code == 0
    assert len(served) == 1


def test_one_that_somebody_holds_is_waited_for_and_then_named_in_a_sentence(app, run, database_url, monkeypatch):
    monkeypatch.setattr(migrated, "wait_longer", lambda app: wait_longer(app, 0.2))
    engine = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with engine.connect() as other:
        sqlite = engine.dialect.name == "sqlite"
        other.execute(text("BEGIN IMMEDIATE" if sqlite else "LOCK TABLE api_keys IN EXCLUSIVE MODE"))
        held = run(database_url, ["keys", "create", "shop"])
    engine.dispose()
    assert (held.exit_code, held.stdout) == (1, "")
    assert held.stderr == f"Error: {migrated.HELD}\n"
    assert run(database_url, ["keys", "create", "shop"]).exit_code == 0


def test_commands_are_more_patient_than_who_looks_at_a_page(app):
    assert app.config[PATIENCE] == PATIENCE_SECONDS
    assert app.test_cli_runner().invoke(args=["ledger", "verify"]).exit_code == 0
    assert app.config[PATIENCE] > 10 * PATIENCE_SECONDS
