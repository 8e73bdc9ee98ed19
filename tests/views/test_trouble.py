"""A database that takes no writes: what is stored can be read, and who changes something is told when to come back."""

import sqlite3
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from tests import factories, money
from tests.conftest import browser
from webapp.database import write_transaction, writing_engine
from webapp.extensions import db
from webapp.jobs.runner import run_jobs
from webapp.models import Click, Conversion, OutboxMail, User, UserSession
from webapp.queries import ledger, rollups
from webapp.services.keys import create_key
from webapp.services.outbox import queue_mail
from webapp.trouble import is_trouble, takes_no_writes

EMAIL, SECRET = "ada@example.com", "gvk_shop"
BUY = {
    "event_id": "evt_9",
    "type": "purchase",
    "user": {"email": "bob@example.org"},
    "amount": 4999,
    "currency": "USD",
}


def read_only(connection):
    connection.connection.driver_connection.execute("PRAGMA query_only=1")


def read_only_server(_connection):
    """As operators and hosts do it whose disk is full."""


def full(connection):
    """Not one page more: what a full disk is to SQLite. PostgreSQL says it in its own way below."""
    connection.connection.driver_connection.execute("PRAGMA max_page_count=1")
    connection.exec_driver_sql("CREATE TABLE filler AS SELECT zeroblob(1000000)")


TROUBLES = [
    ("sqlite", read_only),
    ("sqlite", full),
    pytest.param("postgresql", read_only_server, marks=pytest.mark.postgresql),
]
on_every_engine = pytest.mark.parametrize(("databases", "trouble"), TROUBLES, indirect=["databases"])


@pytest.fixture
def site(app):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        ada = factories.person(session, email=EMAIL, password=factories.PASSWORD)
        app.extensions["code"] = factories.link_of(session, ada).code
        factories.join(session, money.CameBy(typed=factories.link_of(session, ada)))
        create_key(session, factories.program(session), name="shop", scope="write", secret=SECRET, now=factories.NOON)
    return app


@contextmanager
def in_trouble(app, trouble):
    """Have every write transaction begin in trouble, on new connections, until the block ends."""
    with app.app_context():
        engine = writing_engine()
    engine.dispose()
    event.listen(engine, "begin", trouble)
    if trouble is read_only_server:
        _told(engine, "SET default_transaction_read_only = on")
    yield
    event.remove(engine, "begin", trouble)
    if trouble is read_only_server:
        _told(engine, "RESET default_transaction_read_only")
    engine.dispose()


def _told(engine, setting):
    """Change how new connections begin."""
    plain = create_engine(engine.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with plain.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = off")
        connection.exec_driver_sql(f"ALTER DATABASE {engine.url.database} {setting}")


def rows(app):
    with app.app_context():
        kinds = (Click, Conversion, UserSession)
        found = {kind.__tablename__: db.session.scalar(select(func.count()).select_from(kind)) for kind in kinds}
        broken = [*ledger.breaches(db.session()), *rollups.breaches(db.session())]
        db.session.remove()
    assert broken == []
    return found


@on_every_engine
def test_reads_go_on_and_changes_are_told_when_to_come_back(site, trouble):
    signed_in, visitor, shop = browser(site), browser(site), browser(site)
    factories.sign_in(signed_in, EMAIL)
    key = {"Authorization": f"Bearer {SECRET}"}
    click = f"/r/{site.extensions['code']}"
    assert visitor.get(click).status_code == 302
    held = rows(site)
    with in_trouble(site, trouble), capture_logs() as logged:
        for page in ("/dashboard", "/dashboard/links", "/dashboard/referrals"):
            assert signed_in.get(page).status_code == 200
        assert shop.get("/api/v1/rewards", headers=key).status_code == 200
        for _ in range(20):
            lost = visitor.get(click)
            assert lost.status_code == 302
            assert "gv=" not in lost.location
        sign_in = factories.submit(browser(site), "/login", {"email": EMAIL, "password": factories.PASSWORD})
        told = [shop.post("/api/v1/conversions", json=BUY, headers=key) for _ in range(5)]
        assert [answer.status_code for answer in (sign_in, *told)] == [503] * 6
        assert all(int(answer.headers["Retry-After"]) >= 5 for answer in (sign_in, *told))
        assert "Nothing can be changed just now" in sign_in.get_data(as_text=True)
        assert told[0].mimetype == "application/problem+json"
        assert "not stored" in told[0].get_json()["detail"]
    assert rows(site) == held
    said = [line["event"] for line in logged if line["event"] != "request"]
    assert sorted(said) == ["click_lost", "database_unavailable"]
    lost = site.extensions["grapevine_metrics"].store.values()["grapevine_clicks_lost", ("database",), ""]
    assert lost == 20
    # And then everything as before; nothing of what was refused comes twice.
    site.extensions["grapevine_clicks"].writer.store._pause_until = 0
    assert shop.post("/api/v1/conversions", json=BUY, headers=key).status_code == 201
    assert visitor.get(click).status_code == 302
    factories.sign_in(browser(site), EMAIL)
    assert rows(site) == {"clicks": held["clicks"] + 1, "conversions": held["conversions"] + 1, "user_sessions": 2}


@on_every_engine
def test_jobs_survive_and_go_on_afterwards(site, trouble, tmp_path):
    with site.app_context(), write_transaction() as session:
        ada = session.scalars(select(User).filter_by(email=EMAIL)).one()
        queue_mail(session, ada, "address_already_used", dedupe_key="x", now=factories.NOON)
    stop = threading.Event()

    def run():
        with site.app_context():
            run_jobs(stop)

    worker = threading.Thread(target=run)
    with capture_logs() as logged:
        try:
            with in_trouble(site, trouble):
                worker.start()
                time.sleep(1.6)
                assert worker.is_alive()
                assert not sent(site)
            deadline = time.monotonic() + 10
            while not sent(site) and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            stop.set()
            worker.join(10)
    assert sent(site), "the mail waited, and left"
    assert [line["event"] for line in logged].count("lease_failed") == 1


def sent(site):
    with site.app_context():
        return db.session.scalars(select(OutboxMail.sent_at)).one()


def sqlite_error(code):
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("cause", "trouble", "no_writes"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), True, False),
        (sqlite_error(sqlite3.SQLITE_READONLY_DBMOVED), True, True),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), True, True),
        (sqlite_error(sqlite3.SQLITE_IOERR_READ), True, False),
        (OSError(30, "Read-only file system"), True, True),
        (psycopg.errors.DiskFull(), True, True),
        (psycopg.errors.ReadOnlySqlTransaction(), True, True),
        (psycopg.errors.FeatureNotSupported("cannot set transaction read-write mode during recovery"), True, True),
        (psycopg.errors.FeatureNotSupported("cannot cut a cake"), False, False),
        (psycopg.errors.AdminShutdown(), True, False),
        (psycopg.errors.UniqueViolation(), False, False),
        (sqlite3.IntegrityError("UNIQUE"), False, False),
    ],
    ids=lambda value: f"{type(value).__name__} {value} {getattr(value, 'sqlite_errorcode', '')}",
)
def test_what_is_trouble_and_what_is_a_mistake_of_ours(cause, trouble, no_writes):
    errors = psycopg.Error if isinstance(cause, psycopg.Error) else sqlite3.Error
    kinds = OSError if isinstance(cause, OSError) else errors
    error = OperationalError("lock", None, cause) if kinds is OSError else DBAPIError.instance("a", None, cause, errors)
    assert (is_trouble(error), takes_no_writes(error)) == (trouble, no_writes)
