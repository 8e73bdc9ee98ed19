"""The two kinds of session."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from tests import factories
from webapp.database import (
    PATIENCE,
    PATIENCE_SECONDS,
    close_connections,
    wait_longer,
    write_down,
    write_lock,
    write_transaction,
)
from webapp.extensions import db
from webapp.models import Program
from webapp.transactions import at_the_end
from webapp.trouble import is_held, is_trouble, takes_no_writes

pytestmark = pytest.mark.usefixtures("in_app")

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
HOLD_LOCK = """
import fcntl, sys
with open(sys.argv[1], "a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def name_of_program():
    db.session.rollback()
    return db.session.scalars(select(Program.name)).one()


def rename(name):
    with write_transaction() as session:
        session.execute(update(Program).values(name=name))


def test_a_write_in_a_reading_session_is_refused():
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        db.session.execute(update(Program).values(name="Sneaked in"))
    assert name_of_program() == "Grapevine"


def test_a_flush_in_a_reading_session_is_refused():
    factories.program(db.session()).name = "Sneaked in"
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        db.session.commit()
    assert name_of_program() == "Grapevine"


def test_a_connection_that_wrote_is_for_reading_again():
    rename("Fernhill")
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        db.session.execute(update(Program).values(name="Sneaked in"))
    assert name_of_program() == "Fernhill"


def test_a_connection_of_the_engine_itself_is_for_reading():
    with db.engine.connect() as connection, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        connection.execute(text("DELETE FROM programs"))


def test_a_write_is_there_for_everybody_afterwards(app):
    rename("Fernhill")
    with app.app_context():
        assert name_of_program() == "Fernhill"


def test_a_write_transaction_cannot_be_nested():
    with write_transaction() as session:
        session.execute(update(Program).values(name="Fernhill"))
        with pytest.raises(RuntimeError, match="already open"), write_transaction():
            pytest.fail("the inner one began")
    assert name_of_program() == "Fernhill"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_whatever_breaks_a_write_takes_it_back(error):
    def write_and_break():
        with write_transaction() as session:
            session.execute(update(Program).values(name="Half"))
            raise error

    with pytest.raises(error):
        write_and_break()
    assert name_of_program() == "Grapevine"
    rename("Whole")
    assert name_of_program() == "Whole"


def test_what_is_left_for_the_end_is_written_last_and_in_order():
    with write_transaction() as session:
        for name in ("First", "Second"):
            at_the_end(session, lambda session, name=name: session.execute(update(Program).values(name=name)))
        session.execute(update(Program).values(name="Before"))
        assert session.scalars(select(Program.name)).one() == "Before"
    assert name_of_program() == "Second"
    rename("Later")
    assert name_of_program() == "Later", "it is written once"


def leave_and_break(**values):
    with write_transaction() as session:
        at_the_end(session, lambda session: session.connection().execute(update(Program).values(**values)))
        session.execute(update(Program).values(landing_url="/half"))
        if not values:
            raise ValueError


@pytest.mark.parametrize(("values", "error"), [({}, ValueError), ({"window_days": 0}, IntegrityError)])
def test_when_a_write_breaks_nothing_of_its_end_is_there(values, error):
    landing_url = factories.program(db.session()).landing_url
    with pytest.raises(error):
        leave_and_break(**values)
    assert factories.program(db.session()).landing_url == landing_url
    rename("Whole")
    assert name_of_program() == "Whole"


def test_things_are_left_only_for_the_end_of_a_write_transaction():
    with pytest.raises(RuntimeError, match="only a write transaction has an end"):
        at_the_end(db.session(), lambda session: None)
    with write_transaction() as session, session.begin_nested():  # noqa: SIM117
        with pytest.raises(RuntimeError, match="not within a savepoint"):
            at_the_end(session, lambda session: None)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_at_the_end_is_told_in_sqlalchemy_s_words_and_replaced():
    def hang_up(session):
        session.connection().execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    def write_and_hang_up():
        with write_transaction() as session:
            session.execute(update(Program).values(name="Half"))
            at_the_end(session, hang_up)

    with pytest.raises(OperationalError):
        write_and_hang_up()
    assert name_of_program() == "Grapevine"
    rename("Whole")
    assert name_of_program() == "Whole"


def test_what_was_loaded_before_is_read_again_under_the_lock(app):
    program = factories.program(db.session())
    assert program.name == "Grapevine"
    thread = threading.Thread(target=lambda: run_in(app, lambda: rename("Fernhill")))
    thread.start()
    thread.join()
    with write_transaction():
        assert program.name == "Fernhill"


def run_in(app, call):
    with app.app_context():
        return call()


def test_readers_are_not_blocked_by_a_writer_and_see_nothing_unfinished(app):
    seen = []
    with write_transaction() as session:
        session.execute(update(Program).values(name="Unfinished"))
        reader = threading.Thread(target=lambda: run_in(app, lambda: seen.append(name_of_program())))
        reader.start()
        reader.join(PATIENCE_SECONDS / 2)
        assert seen == ["Grapevine"]
    assert name_of_program() == "Unfinished"


@ONLY_SQLITE
def test_writers_wait_for_each_other(app):
    order = []
    with write_transaction():
        writer = threading.Thread(target=lambda: run_in(app, lambda: (rename("Second"), order.append("second"))))
        writer.start()
        time.sleep(0.1)
        order.append("first")
    writer.join()
    assert order == ["first", "second"]
    assert name_of_program() == "Second"


@ONLY_SQLITE
def test_a_writer_waits_for_the_lock_of_another_process(app):
    done = threading.Event()
    with lock_of_another_process():
        writer = threading.Thread(target=lambda: run_in(app, lambda: (rename("After"), done.set())))
        writer.start()
        assert not done.wait(0.3)
        assert name_of_program() == "Grapevine", "reading goes on meanwhile"
    assert done.wait(10)
    writer.join()
    assert name_of_program() == "After"


@contextmanager
def lock_of_another_process():
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, f"{db.engine.url.database}.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()


@contextmanager
def file_of_another_program():
    """One that knows nothing of our lock writes."""
    with closing(sqlite3.connect(db.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def table_of_another_program():
    engine = create_engine(db.engine.url)
    with engine.connect() as other:
        other.execute(text("LOCK TABLE programs"))
        yield
    engine.dispose()


HELD = pytest.mark.parametrize(
    ("databases", "hold"),
    [
        ("sqlite", lock_of_another_process),
        ("sqlite", file_of_another_program),
        pytest.param("postgresql", table_of_another_program, marks=pytest.mark.postgresql),
    ],
    indirect=["databases"],
)


@HELD
def test_a_writer_gives_up_in_time_and_nothing_of_it_is_there(app, hold):
    app.config[PATIENCE] = 0.4
    with hold():
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(OperationalError) as failed:
                rename("Too late")
            assert 0.4 <= time.monotonic() - began < 2
            assert is_held(failed.value)
            assert is_trouble(failed.value)
            assert not takes_no_writes(failed.value)
    assert name_of_program() == "Grapevine"
    rename("In time")
    assert name_of_program() == "In time"


@HELD
def test_who_waits_for_the_lock_and_then_for_the_file_has_one_deadline(app, hold):
    app.config[PATIENCE] = 1
    waited = []

    def give_up():
        began = time.monotonic()
        with pytest.raises(OperationalError):
            rename("Too late")
        waited.append(time.monotonic() - began)

    with hold():
        writers = [threading.Thread(target=lambda: run_in(app, give_up)) for _ in range(4)]
        for writer in writers:
            writer.start()
            time.sleep(0.1)
        for writer in writers:
            writer.join(10)
    assert len(waited) == 4
    assert max(waited) < 2


@HELD
def test_whoever_waits_patiently_does_not_give_up(app, hold):
    wait_longer(app, 0.1)

    def rename_patiently():
        with write_transaction(patiently=True) as session:
            session.execute(update(Program).values(name="After all"))

    writer = threading.Thread(target=lambda: run_in(app, rename_patiently))
    with hold():
        writer.start()
        writer.join(0.5)
        assert writer.is_alive()
    writer.join(10)
    assert name_of_program() == "After all"


@ONLY_SQLITE
def test_what_was_erased_stays_in_the_log_beside_rather_than_that_somebody_waits_for_long():
    rename("Fernhill")
    with lock_of_another_process():
        began = time.monotonic()
        write_down()
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
    write_down()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_how_long_postgresql_waits_for_a_lock_is_the_operator_s_to_say(make_app):
    assert db.session.scalar(text("SHOW lock_timeout")) == f"{PATIENCE_SECONDS:.0f}s"
    engine = create_engine(db.engine.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {db.engine.url.database} SET lock_timeout = '7s'"))
        # Connections that are there have heard nothing of it.
        db.session.remove()
        close_connections()
        try:
            with make_app().app_context():
                assert db.session.scalar(text("SHOW lock_timeout")) == "7s"
        finally:
            connection.execute(text(f"ALTER DATABASE {db.engine.url.database} RESET lock_timeout"))
    engine.dispose()


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", PATIENCE_SECONDS * 1000)],
)
def test_sqlite_is_set_up_as_documented(monkeypatch, make_app, pragma, value):
    # As a business runs it, and not as tests do.
    monkeypatch.setattr("tests.conftest.hasten", lambda engines: None)
    with make_app().app_context():
        as_documented(pragma, value)


def as_documented(pragma, value):
    assert db.session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
    with write_transaction() as session:
        assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_server_that_is_gone_without_a_word_is_noticed_before_visitors_give_up():
    told = db.session.connection().connection.driver_connection.info.get_parameters()
    assert {name: told[name] for name in ("connect_timeout", "tcp_user_timeout")} == {
        "connect_timeout": "2",
        "tcp_user_timeout": "3000",
    }
    # Also while an answer is waited for, when there is nothing to send.
    idle, interval, count = (int(told[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 10


@ONLY_SQLITE
def test_the_lock_is_free_again_after_a_failure():
    def fail_under_lock():
        with write_lock(db.engine):
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            fail_under_lock()
    rename("Free")
    assert name_of_program() == "Free"


def test_foreign_keys_are_kept():
    with write_transaction() as session:
        factories.person(session)
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), write_transaction() as session:
        session.execute(text("DELETE FROM programs"))
    assert name_of_program() == "Grapevine"
