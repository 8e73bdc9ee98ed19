"""Clicks that are stored together: each answered only when it is committed, none lost for another's sake."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from structlog.testing import capture_logs

from tests import factories
from tests.factories import NOON
from webapp.clicks import writer as writing
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Click, LinkDay, ProgramDay
from webapp.queries.rollups import breaches
from webapp.services.clicks import Arrival, Clicked, Visit, record_clicks

CROWD = 24


@pytest.fixture
def writer(app):
    return app.extensions["grapevine_clicks"].writer


@pytest.fixture
def clicked(app):
    """Two links of the program."""
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        people = [factories.person(session, email=f"ada{number}@example.com") for number in range(2)]
        return [
            Clicked(factories.link_of(session, person).id, person.id, program.id, program.time_zone)
            for person in people
        ]


def arrival(clicked, visitor=None, **visit):
    return Arrival(new_id(), clicked, visitor or new_id(), visitor is None, NOON, Visit(**visit))


@contextmanager
def held_up(monkeypatch):
    """Let the writer begin with one click and wait; what comes meanwhile is stored together after it."""
    begun, go_on, batches = threading.Event(), threading.Event(), []

    def slow(session, arrivals):
        batches.append(len(arrivals))
        begun.set()
        assert go_on.wait(10)
        record_clicks(session, arrivals)

    monkeypatch.setattr(writing, "record_clicks", slow)
    yield begun, go_on, batches


def stored(app):
    with app.app_context():
        assert list(breaches(db.session())) == []
        return db.session.scalars(select(Click).order_by(Click.id)).all()


def send(writer, arrivals, begun, go_on):
    """Send one click, and when it is being written the others from threads of their own. Returns what each was told."""
    with ThreadPoolExecutor(len(arrivals)) as pool:
        told = [pool.submit(writer.record, arrivals[0])]
        assert begun.wait(10)
        told += [pool.submit(writer.record, one) for one in arrivals[1:]]
        while writer._queue.qsize() < len(arrivals) - 1:
            pass
        assert not any(one.done() for one in told), "somebody was answered before the commit"
        go_on.set()
        return [one.result(10) for one in told]


def test_what_comes_during_a_commit_is_stored_together_and_answered_after_it(app, writer, clicked, monkeypatch):
    with held_up(monkeypatch) as (begun, go_on, batches):
        arrivals = [arrival(clicked[number % 2], utm_source="x" if number % 3 else None) for number in range(CROWD)]
        assert send(writer, arrivals, begun, go_on) == [True] * CROWD
    assert batches == [1, CROWD - 1]
    assert {click.id for click in stored(app)} == {one.id for one in arrivals}
    with app.app_context():
        assert sorted(db.session.scalars(select(LinkDay.clicks))) == [CROWD // 2] * 2
        assert db.session.scalars(select(ProgramDay.clicks)).one() == CROWD


def test_one_visitor_in_one_group_is_told_apart_as_one_after_the_other(app, writer, clicked, monkeypatch):
    visitor = new_id()
    with held_up(monkeypatch) as (begun, go_on, _batches):
        arrivals = [arrival(clicked[0]), *(arrival(clicked[number], visitor) for number in (0, 0, 1))]
        assert all(send(writer, arrivals, begun, go_on))
    flags = [
        (click.new_today, click.new_on_link, click.is_repeat) for click in stored(app) if click.visitor_id == visitor
    ]
    # In whatever order they came: the first of the day, the first through the other link, and the repeat.
    assert sorted(flags) == [(False, False, True), (False, True, False), (True, True, False)]
    with app.app_context():
        assert db.session.scalars(select(ProgramDay.visitors)).one() == 2


def test_one_click_that_the_database_refuses_costs_no_other(app, writer, clicked, monkeypatch):
    bad = Clicked(new_id(), clicked[0].referrer_id, clicked[0].program_id, "UTC")
    with held_up(monkeypatch) as (begun, go_on, _batches), capture_logs() as logged:
        arrivals = [arrival(clicked[0]), arrival(bad), arrival(clicked[1])]
        told = send(writer, arrivals, begun, go_on)
    assert told == [True, False, True]
    assert {click.id for click in stored(app)} == {arrivals[0].id, arrivals[2].id}
    [lost] = [entry for entry in logged if entry["event"] == "click_lost"]
    assert (lost["reason"], lost["times"], "Integrity" in lost["error"] or "Foreign" in lost["error"]) == (
        *("database", 1),
        True,
    )


def test_a_database_that_is_away_is_not_asked_again_by_every_visitor(app, writer, clicked, monkeypatch):
    asked = []

    def fail(_session, arrivals):
        asked.append(len(arrivals))
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(writing, "record_clicks", fail)
    assert [writer.record(arrival(clicked[0])) for _ in range(5)] == [False] * 5
    assert asked == [1]
    assert app.extensions["grapevine_metrics"].store.values()["grapevine_clicks_lost", ("database",), ""] == 5
    monkeypatch.setattr(writing, "record_clicks", record_clicks)
    writer.store._pause_until = 0.0
    assert writer.record(arrival(clicked[0]))
    assert len(stored(app)) == 1


def test_a_full_queue_sends_visitors_on(app, writer, clicked, monkeypatch):
    monkeypatch.setattr(writing, "LONGEST_QUEUE", 2)
    with held_up(monkeypatch) as (begun, go_on, _batches), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(writer.record, arrival(clicked[0]))]
        assert begun.wait(10)
        waiting += [pool.submit(writer.record, arrival(clicked[0])) for _ in range(2)]
        while writer._queue.qsize() < 2:
            pass
        assert writer.record(arrival(clicked[0])) is False
        go_on.set()
        assert [one.result(10) for one in waiting] == [True] * 3
    assert app.extensions["grapevine_metrics"].store.values()["grapevine_clicks_lost", ("queue_full",), ""] == 1
    assert len(stored(app)) == 3


def test_nobody_waits_longer_than_visitors_do_and_their_click_is_not_stored_behind_their_back(
    app, writer, clicked, monkeypatch
):
    monkeypatch.setattr(writing, "PATIENCE_SECONDS", 0.05)
    with held_up(monkeypatch) as (begun, go_on, batches), ThreadPoolExecutor(2) as pool:
        first = pool.submit(writer.record, arrival(clicked[0]))
        assert begun.wait(10)
        assert writer.record(arrival(clicked[0])) is False
        assert first.result(10) is False
        go_on.set()
        writer.stop()
    # The one that was being written is, though nobody was told; the other is not begun with.
    assert batches == [1]
    assert len(stored(app)) == 1


def test_an_integrity_error_of_one_alone_is_lost_once(app, writer, clicked, monkeypatch):
    def refuse(_session, _arrivals):
        raise IntegrityError("INSERT", {}, Exception("no"))

    monkeypatch.setattr(writing, "record_clicks", refuse)
    with capture_logs() as logged:
        assert writer.record(arrival(clicked[0])) is False
    assert [entry["event"] for entry in logged] == ["click_lost"]


def test_a_click_that_is_there_already_is_not_lost_by_being_stored_again(app, writer, clicked):
    # As after a process that was killed between its commit and its answer, alone and among others.
    first, other = arrival(clicked[0]), arrival(clicked[0])
    with app.app_context():
        assert writer.store.store([first]) == [True]
        assert writer.store.store([first]) == [True]
        assert writer.store.store([other, first]) == [True, True]
        assert db.session.scalar(select(func.count()).select_from(Click)) == 2
        assert db.session.scalar(select(func.sum(ProgramDay.clicks))) == 2


def test_the_thread_begins_with_the_first_click_and_again_after_it_was_stopped(app, writer, clicked):
    def running():
        return [thread for thread in threading.enumerate() if thread.name == "grapevine-clicks"]

    before = len(running())
    assert writer.record(arrival(clicked[0]))
    assert len(running()) == before + 1
    writer.stop()
    assert len(running()) == before
    assert writer.record(arrival(clicked[0]))
    assert len(stored(app)) == 2


def test_a_log_that_cannot_be_written_ends_nothing(app, writer, clicked, monkeypatch):
    class Full:
        def error(self, *_args, **_more):
            raise OSError(28, "No space left on device")

    def fail(_session, _arrivals):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr("webapp.logs.log", Full())
    monkeypatch.setattr(writing, "record_clicks", fail)
    assert writer.record(arrival(clicked[0])) is False
    # The pause has a log of its own to write.
    assert writer.record(arrival(clicked[0])) is False
    monkeypatch.undo()
    writer.store._pause_until = 0.0
    assert writer.record(arrival(clicked[0])), "the thread died with its log"


def test_one_click_that_fails_by_itself_costs_no_other(app, writer, clicked, monkeypatch):
    odd = Clicked(clicked[0].link_id, clicked[0].referrer_id, clicked[0].program_id, "No/Such_Zone")
    with held_up(monkeypatch) as (begun, go_on, _batches):
        arrivals = [arrival(clicked[0]), arrival(odd), arrival(clicked[1])]
        assert send(writer, arrivals, begun, go_on) == [True, False, True]
    assert {click.id for click in stored(app)} == {arrivals[0].id, arrivals[2].id}


class DeadlockError(Exception):
    sqlstate = "40P01"


def test_clicks_that_gave_way_to_somebody_else_are_stored_at_the_second_try(app, writer, clicked, monkeypatch):
    tried = []

    def give_way(session, arrivals):
        tried.append(len(arrivals))
        if len(tried) == 1:
            raise OperationalError("INSERT", {}, DeadlockError())
        record_clicks(session, arrivals)

    monkeypatch.setattr(writing, "record_clicks", give_way)
    assert writer.record(arrival(clicked[0]))
    assert tried == [1, 1]
    assert len(stored(app)) == 1


def test_no_free_connection_is_a_database_that_is_away(app, writer, clicked, monkeypatch):
    asked = []

    def fail(_session, arrivals):
        asked.append(len(arrivals))
        raise NoConnectionError

    monkeypatch.setattr(writing, "record_clicks", fail)
    assert [writer.record(arrival(clicked[0])) for _ in range(3)] == [False] * 3
    assert asked == [1]
