"""The process that stores the clicks of all workers, and what happens where it is not."""

import socket
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.factories import NOON
from webapp.clicks import writer as writing
from webapp.clicks import writer_process
from webapp.clicks.writer_process import SOCKET, ClickProcess, ClickSender
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Click
from webapp.queries.rollups import breaches
from webapp.services.clicks import Arrival, Clicked, Visit

CROWD = 12


@pytest.fixture
def own(app):
    return app.extensions["grapevine_clicks"].writer


@pytest.fixture
def sender(own):
    return ClickSender(own)


@pytest.fixture
def clicked(app):
    with app.app_context(), write_transaction() as session:
        program, person = factories.program(session), factories.person(session)
        return Clicked(factories.link_of(session, person).id, person.id, program.id, "UTC")


@pytest.fixture
def path(monkeypatch):
    """Where the process listens. Names of sockets have to be short."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv(SOCKET, f"{folder}/socket")
        yield f"{folder}/socket"


@pytest.fixture
def process(app, path):
    """The process, as a thread of this one."""
    stop = threading.Event()
    running = threading.Thread(target=ClickProcess(app, path).run, args=(stop,), daemon=True)
    running.start()
    yield
    stop.set()
    running.join(10)


def arrival(clicked, **visit):
    return Arrival(new_id(), clicked, new_id(), True, NOON, Visit(**visit))


def stored(app):
    with app.app_context():
        assert list(breaches(db.session())) == []
        return db.session.scalars(select(Click).order_by(Click.id)).all()


def started(writer):
    """Say whether the worker's own writer had anything to do."""
    return writer._process is not None


def test_what_is_sent_is_stored_as_it_came(app, own, sender, clicked, process):
    visit = Visit("ü.example", "a\n", None, "c" * 100, "Firefox", "phone", "DE", b"\x00\xff" * 8, None)
    sent = Arrival(new_id(), clicked, new_id(), False, NOON.replace(microsecond=123_456), visit)
    assert sender.record(sent)
    [click] = stored(app)
    assert (click.id, click.visitor_id, click.clicked_at, click.link_id) == (
        *(sent.id, sent.visitor_id, sent.at),
        clicked.link_id,
    )
    assert Visit(*(getattr(click, name) for name in Visit.__slots__)) == visit
    assert not started(own)


def test_many_threads_are_answered_each_for_its_own(app, own, sender, clicked, process):
    arrivals = [arrival(clicked if number % 3 else bad(clicked)) for number in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as pool:
        told = list(pool.map(sender.record, arrivals))
    assert told == [bool(number % 3) for number in range(CROWD)]
    assert {click.id for click in stored(app)} == {one.id for one, kept in zip(arrivals, told, strict=True) if kept}
    assert not started(own)


def bad(clicked):
    """A link that the database refuses."""
    return Clicked(new_id(), clicked.referrer_id, clicked.program_id, "UTC")


def test_a_failing_database_is_told_to_whoever_waits(app, sender, clicked, process, monkeypatch):
    def fail(_session, _arrivals):
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(writing, "record_clicks", fail)
    assert sender.record(arrival(clicked)) is False
    assert stored(app) == []


def test_without_the_process_a_worker_stores_its_own(app, own, sender, clicked, process, path, monkeypatch):
    monkeypatch.setenv(SOCKET, "/nowhere")
    assert sender.record(arrival(clicked))
    assert started(own)
    own.stop()
    monkeypatch.setenv(SOCKET, path)
    assert sender.record(arrival(clicked))
    assert not started(own)
    assert len(stored(app)) == 2


def test_a_process_that_goes_away_in_the_middle_costs_no_click(app, own, sender, clicked, path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def die():
            connection, _ = listener.accept()
            connection.recv(10)
            connection.close()

        dying = threading.Thread(target=die)
        dying.start()
        assert sender.record(arrival(clicked))
        dying.join()
    assert started(own)
    assert len(stored(app)) == 1


def test_a_process_that_does_not_answer_keeps_nobody_for_long(app, own, sender, clicked, path, monkeypatch):
    monkeypatch.setattr(writer_process, "_PATIENCE", struct.pack("ll", 0, 50_000))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        began = time.monotonic()
        assert sender.record(arrival(clicked)) is False
        assert time.monotonic() - began < 2
    assert app.extensions["grapevine_metrics"].store.values()["grapevine_clicks_lost", ("database",), ""] == 1
    assert stored(app) == []
