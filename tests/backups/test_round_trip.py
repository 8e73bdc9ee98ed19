"""What is backed up while the site runs is what is restored, on the same engine or the other."""

import threading
import time

import pytest
import sqlalchemy as sa
from flask_migrate import upgrade

from tests import factories, money
from tests.backups.conftest import back_up
from tests.databases import FAST, config_for
from tests.migrations.later_rows import ROWS
from webapp import create_app
from webapp.backups.restoring import restore
from webapp.database import WRITING, close_connections, stands_at_head, write_transaction, writing_engine
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Link, User, append_only

# Every sign that has a meaning in a line of a backup, and some that only look as if.
ODD = "tab\there, line\nend\r\n, \\N \\\\ \\x41 back\\slash, \b\v\f, ünï çødé 🍇 \u2028 'quote\" %s {}"

# From each engine to the other, so that each is read and each is written.
there = pytest.mark.parametrize(
    ("databases", "other_databases"),
    [
        pytest.param("sqlite", "postgresql", marks=pytest.mark.postgresql),
        pytest.param("postgresql", "sqlite", marks=pytest.mark.postgresql),
    ],
    indirect=True,
)


def counts(app):
    with app.app_context(), db.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names()) - {"alembic_version", "job_leases"}
        return {name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in sorted(names)}


@there
def test_a_backup_taken_while_others_write_is_one_moment(app, tmp_path, restored, target):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        ada, bob = money.ada_and_bob(session)
        ada.name = ODD
        ids = bob.id, factories.link_of(session, ada).id
    written, stop = [], threading.Event()
    writers = [threading.Thread(target=write_on, args=(app, ids, number, written, stop)) for number in range(2)]
    for writer in writers:
        writer.start()
    try:
        wait_for(lambda: len(written) > 10)
        before = len(written)
        taken = back_up(app, tmp_path / "site.backup")
        meanwhile = len(written)
        wait_for(lambda: len(written) > meanwhile)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    result = restored(tmp_path / "site.backup")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-4:] == [
        "Every row was read back and is what the backup holds.",
        *("The ledger: whole.", "The audit log: whole.", "The roll-ups: whole."),
    ]
    assert counts(target) == {table.name: table.rows for table in taken.tables}
    assert before <= counts(target)["conversions"] - 1 <= meanwhile + len(writers)
    with target.app_context():
        assert stands_at_head()
        assert db.session.execute(sa.text("SELECT name FROM users WHERE name LIKE 'tab%'")).scalar_one() == ODD
        with db.engine.connect() as connection:
            assert append_only.protected_tables(connection) == set(append_only.TABLES)
        # And it is a site that goes on.
        with write_transaction() as session:
            assert money.buy(session, session.get_one(User, ids[0]), event_id="after").decisions


def write_on(app, ids, number, written, stop):
    """Buy and click until told to stop; the money and the counts grow together."""
    bob_id, link_id = ids
    with app.app_context():
        while not stop.is_set():
            with write_transaction() as session:
                money.buy(session, session.get_one(User, bob_id), event_id=f"{number}-{new_id()}")
                factories.click(session, session.get_one(Link, link_id), visitor_id=new_id())
            written.append(number)
        db.session.remove()


def wait_for(ask, seconds=20):
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def filled(databases, tmp_path):
    """An application whose database has rows in every table of a revision: `filled("0015")`."""
    url = databases.empty(tmp_path)
    app = create_app(config_for(url, tmp_path), **FAST)

    def fill(until):
        for revision, rows in ROWS.items():
            upgrade(revision=revision)
            with writing_engine().connect().execution_options(**WRITING) as connection:
                rows(connection)
                connection.commit()
            if revision == until:
                return app
        raise AssertionError("no such revision")

    with app.app_context():
        yield fill
        db.session.remove()
        close_connections()
    databases.drop(url)


@there
def test_an_older_backup_is_brought_to_this_version(filled, tmp_path, target):
    """Rows in every table there was, with values in every column."""
    older = filled("0015")
    taken = back_up(older, tmp_path / "site.backup")
    assert taken.migration == "0015"
    assert all(table.rows for table in taken.tables)
    with target.app_context():
        restore(target, writing_engine(), tmp_path / "site.backup")
        assert stands_at_head()
    found = counts(target)
    # What the migrations since then changed is theirs; no row of before is lost.
    assert {table.name: found[table.name] for table in taken.tables} == {
        table.name: table.rows for table in taken.tables
    }
