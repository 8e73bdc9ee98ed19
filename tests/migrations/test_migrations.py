"""The migrations, up and down, with rows in every table."""

import os
import re
import resource
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click import ClickException
from flask_migrate import downgrade, upgrade

from tests.databases import FAST, config_for
from tests.migrations.later_rows import ROWS
from webapp import create_app
from webapp.config import ROOT
from webapp.database import WRITING, close_connections, wait_longer, write_lock, writing_engine
from webapp.extensions import db
from webapp.models import Model, Program, append_only

SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
# Set by the process that starts the tests, and no business of a command that is tested.
FOREIGN = ("SECRET_KEY", "BASE_URL", "MAIL_URL", "RATE_LIMIT_URL", "TRUSTED_PROXIES")


@pytest.fixture
def empty_url(databases, tmp_path):
    """A database without any table."""
    url = databases.empty(tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def empty(empty_url, tmp_path):
    """An application on an empty database."""
    app = create_app(config_for(empty_url, tmp_path), **FAST)
    with app.app_context():
        yield app
        db.session.remove()
        close_connections()


@pytest.fixture
def migrated(empty):
    upgrade()
    return empty


def rows_in_every_table():
    """Return how many rows each table holds."""
    with db.engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        return {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in sorted(names)
        }


def fill(revision):
    """Write rows into the tables that a revision made."""
    with writing_engine().connect().execution_options(**WRITING) as connection:
        ROWS[revision](connection)
        connection.commit()


def test_the_migrations_are_numbered_in_one_line():
    assert SCRIPTS.get_heads() == [REVISIONS[-1]]
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    for script in SCRIPTS.walk_revisions():
        assert re.fullmatch(rf"{script.revision}(_[a-z0-9]+)+\.py", os.path.basename(script.path))
        assert script.doc, "a migration says what it does"


def test_every_migration_has_rows_to_be_tried_with():
    assert list(ROWS) == REVISIONS


def test_up_down_and_up_again_with_rows_at_every_revision(empty):
    for revision in REVISIONS:
        upgrade(revision=revision)
        fill(revision)
    full = rows_in_every_table()
    assert all(full.values()), "every table has rows"
    for revision in reversed(REVISIONS[:-1]):
        downgrade(revision=revision)
        left = rows_in_every_table()
        assert left.items() <= full.items(), "what an older version knows is kept"
    downgrade(revision="base")
    assert rows_in_every_table() == {"alembic_version": 0}
    upgrade()
    assert set(rows_in_every_table()) == set(full)


def test_the_way_back_is_refused_whole_once_money_followed_a_changed_referral(empty):
    """The version before knows one bond only: back there, two rewards would hold, and no upgrade would go on."""
    for revision in REVISIONS[: REVISIONS.index("0010") + 1]:
        upgrade(revision=revision)
        fill(revision)
    # What came later goes away first, each migration by itself.
    downgrade(revision="0010")
    full = rows_in_every_table()
    moved = (
        "UPDATE rewards SET ended_bond = 1 WHERE side = 'friend'",
        "UPDATE rewards SET bond = 1 WHERE side = 'friend'",
        "UPDATE referrals SET bond = 1",
    )
    for change in moved:
        with writing_engine().connect().execution_options(**WRITING) as connection:
            connection.execute(sa.text("UPDATE rewards SET bond = 0, ended_bond = NULL"))
            connection.execute(sa.text("UPDATE referrals SET bond = 0"))
            connection.execute(sa.text(change))
            connection.commit()
        with pytest.raises(SystemExit) as refused:
            downgrade(revision="0009")
        assert "changed by people" in str(refused.value.__context__)
        assert rows_in_every_table() == full
    with db.engine.connect() as connection:
        assert append_only.protected_tables(connection) == set(append_only.TABLES) & full.keys()


def test_the_way_back_is_refused_once_a_reward_was_corrected(empty):
    for revision in REVISIONS[: REVISIONS.index("0011") + 1]:
        upgrade(revision=revision)
        fill(revision)
    with writing_engine().connect().execution_options(**WRITING) as connection:
        connection.execute(sa.text("UPDATE rewards SET correction = 1 WHERE side = 'friend'"))
        connection.commit()
    with pytest.raises(SystemExit) as refused:
        downgrade(revision="0010")
    assert "rewards were corrected" in str(refused.value.__context__)


def test_the_way_back_is_refused_once_there_was_a_dispute_or_a_write_off(empty):
    """The version before would count a dispute that was won as a refund, and add up what was given back wrongly."""
    for revision in REVISIONS[: REVISIONS.index("0012") + 1]:
        upgrade(revision=revision)
        fill(revision)
    full = rows_in_every_table()
    event = (
        "INSERT INTO reward_events (reward_id, sequence, status, reason, taken_minor, taken_as, actor, at)"
        " SELECT reward_id, 2, status, 'written_off', -1, 'write_off', actor, at FROM reward_events"
    )
    for happened, undone in (
        ("UPDATE refunds SET kind = 'dispute'", "UPDATE refunds SET kind = 'refund'"),
        (event, None),
    ):
        with writing_engine().connect().execution_options(**WRITING) as connection:
            connection.execute(sa.text(happened))
            connection.commit()
        with pytest.raises(SystemExit) as refused:
            downgrade(revision="0011")
        assert "disputes or write-offs" in str(refused.value.__context__)
        if undone:
            with writing_engine().connect().execution_options(**WRITING) as connection:
                connection.execute(sa.text(undone))
                connection.commit()
    assert rows_in_every_table() == full | {"reward_events": full["reward_events"] + 1}


def test_the_way_back_is_refused_whole_once_there_is_a_reward_besides_money(empty):
    """The version before would take store credit for money, and pay it."""
    for revision in REVISIONS[: REVISIONS.index("0013") + 1]:
        upgrade(revision=revision)
        fill(revision)
    full = rows_in_every_table()
    with writing_engine().connect().execution_options(**WRITING) as connection:
        connection.execute(sa.text("UPDATE rewards SET kind = 'credit' WHERE side = 'friend'"))
        connection.commit()
    with pytest.raises(SystemExit) as refused:
        downgrade(revision="0012")
    assert "besides money" in str(refused.value.__context__)
    assert rows_in_every_table() == full


def test_rows_survive_each_step_there_and_back(empty):
    for revision in REVISIONS:
        upgrade(revision=revision)
        fill(revision)
        before = rows_in_every_table()
        if revision != REVISIONS[-1]:
            upgrade(revision="+1")
            downgrade(revision="-1")
        assert rows_in_every_table() == before


def test_migrating_twice_changes_nothing(migrated):
    fill("0001")
    before = rows_in_every_table()
    upgrade()
    assert rows_in_every_table() == before


def test_the_default_program_is_the_contract_s(migrated):
    program = db.session.scalars(sa.select(Program)).one()
    assert (program.slug, program.currency, program.time_zone) == ("default", "USD", "UTC")
    assert (program.landing_url, program.allowed_hosts) == ("/signup", "")
    assert (program.attribution_model, program.window_days, program.hold_days) == ("last", 60, 30)


def test_alembic_sees_no_difference_from_the_models(migrated):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Model.metadata) == []


def shape_of(connection):
    """Return all that the database knows of its tables, except the order in which it was told."""
    inspector = sa.inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            },
            "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
            "foreign keys": sorted(
                (
                    *(key["name"] or "", key["constrained_columns"], key["referred_table"], key["referred_columns"]),
                    sorted(key["options"].items()),
                )
                for key in inspector.get_foreign_keys(table)
            ),
            "unique": sorted(
                (key["name"] or "", key["column_names"]) for key in inspector.get_unique_constraints(table)
            ),
            "checks": sorted((key["name"] or "", key["sqltext"]) for key in inspector.get_check_constraints(table)),
            "indexes": sorted(
                (
                    key["name"],
                    key["column_names"],
                    key["unique"],
                    sorted((name, str(value)) for name, value in key["dialect_options"].items()),
                )
                for key in inspector.get_indexes(table)
            ),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_the_migrations_make_the_very_tables_of_the_models(migrated, databases, tmp_path):
    with db.engine.connect() as connection:
        by_migrations = shape_of(connection)
    (tmp_path / "models").mkdir()
    url = databases.empty(tmp_path / "models")
    engine = sa.create_engine(config_for(url, tmp_path).database_url)
    try:
        Model.metadata.create_all(engine)
        with engine.connect() as connection:
            by_models = shape_of(connection)
    finally:
        engine.dispose()
        databases.drop(url)
    assert by_migrations.keys() == by_models.keys()
    for table, shape in by_models.items():
        assert by_migrations[table] == shape, table
    named = [name for shape in by_models.values() for kind in ("unique", "checks") for name, _what in shape[kind]]
    assert all(named), "every constraint has a name"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_where_nothing_can_be_written_it_says_so_in_one_sentence(empty):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(ClickException, match="has no room, or cannot be written"):
            upgrade()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    db.session.remove()
    upgrade()
    assert db.session.scalars(sa.text("SELECT version_num FROM alembic_version")).all() == [REVISIONS[-1]]


def test_whoever_migrates_waits_for_another_who_does_for_as_long_as_it_takes(migrated):
    wait_longer(migrated, 0.1)
    close_connections()

    def migrate():
        with migrated.app_context():
            upgrade()

    with write_lock(db.engine), sa.create_engine(db.engine.url, poolclass=sa.NullPool).connect() as other:
        if db.engine.dialect.name == "postgresql":
            other.execute(sa.text("SELECT pg_advisory_lock(7463218905)"))
        second = threading.Thread(target=migrate)
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(10)
    assert not second.is_alive()


def test_a_database_of_a_newer_version_is_refused_in_one_sentence(migrated):
    with writing_engine().connect().execution_options(**WRITING) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(ClickException, match=r"is of a newer version of Grapevine \(migration 9999\)"):
        upgrade()


@pytest.mark.slow
def test_two_processes_that_upgrade_at_once_migrate_one_after_the_other(empty, empty_url):
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= {"GRAPEVINE_ENV": "development", "SECRET_KEY": "k" * 32, "DATABASE_URL": empty_url}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert len(db.session.scalars(sa.select(Program)).all()) == 1
    found = db.session.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
    assert found == [REVISIONS[-1]]
