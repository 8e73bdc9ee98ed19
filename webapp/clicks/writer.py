"""Clicks of many requests in one transaction: each is answered only when all of them are committed.

A commit has to wait for the disk, and takes as long for fifty clicks as for one.
So requests leave their clicks with one writer. It takes all that have come
while it was committing, stores them together, and only then tells those who
wait. Here it is a thread of the worker; `serve` has a process for all workers
(`webapp.clicks.writer_process`), and this thread only while that is missing.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.logs import sparing_line
from webapp.metrics import metrics_of
from webapp.models import Click
from webapp.services.clicks import Arrival, record_clicks
from webapp.trouble import is_trouble

MOST_AT_ONCE = 128
LONGEST_QUEUE = 1_024
# A visitor is not kept waiting for longer; their click is lost then.
PATIENCE_SECONDS = 3.0
# A database that has just failed is not asked again by every visitor.
PAUSE_SECONDS = 1.0
# The class of what PostgreSQL undoes because of somebody else who was at the same rows: it may be tried again.
_GAVE_WAY = "40"


class _Waiting:
    """A click, and the request that waits for it."""

    __slots__ = ("arrival", "done", "given_up", "stored")

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.stored = self.given_up = False
        self.done = threading.Lock()
        self.done.acquire()


class ClickStore:
    """Stores groups of clicks. Nothing that fails is raised: whose click is lost is told so, counted and logged."""

    def __init__(self, app: Flask) -> None:
        self._metrics = metrics_of(app)
        self._line = sparing_line(app, "click_lost")
        self._pause_until = 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the database has just failed and is left alone for a moment."""
        return time.monotonic() < self._pause_until

    def store(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Store clicks durably, in an application context; say of each whether it is."""
        if not arrivals:
            return []
        if self.is_paused:
            self.lose(len(arrivals), "database")
            return [False] * len(arrivals)
        return self._store(arrivals)

    def _store(self, arrivals: Sequence[Arrival], *, again: bool = False) -> list[bool]:
        try:
            # A click is stored however late: whoever waits for that goes on by themselves.
            with write_transaction(patiently=True) as session:
                record_clicks(session, arrivals)
        except Exception as error:
            away = _is_away(error)
            if not away and (len(arrivals) > 1 or (_gave_way(error) and not again)):
                # One that fails by itself must not cost the others.
                return [stored for arrival in arrivals for stored in self._store([arrival], again=True)]
            if isinstance(error, IntegrityError) and _is_there(arrivals[0]):
                # Whoever stored it was killed before saying so.
                return [True]
            if away:
                self._pause_until = time.monotonic() + PAUSE_SECONDS
            self.lose(len(arrivals), "database", error=type(getattr(error, "orig", error)).__name__)
            return [False] * len(arrivals)
        self._metrics.clicks_recorded.inc(len(arrivals))
        self._line.over()
        return [True] * len(arrivals)

    def lose(self, clicks: int, reason: str, *, error: str | None = None) -> None:
        """Count and log clicks that were not stored."""
        self._metrics.clicks_lost.inc(clicks, reason=reason)
        self._line.write(times=clicks, reason=reason, error=error)


class ClickWriter:
    """Stores clicks in groups, in a thread that begins with the first one: after the server's workers were forked."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.store = ClickStore(app)
        self._beginning = threading.Lock()
        self._process: int | None = None

    def record(self, arrival: Arrival) -> bool:
        """Store a click durably. Returns False when that was not possible, and the click is lost."""
        waiting = self._put(arrival)
        if waiting is None:
            return False
        if not waiting.done.acquire(timeout=PATIENCE_SECONDS):
            waiting.given_up = True
            self.store.lose(1, "database", error="took too long")
        return waiting.stored

    def record_later(self, arrival: Arrival) -> None:
        """Have a click stored for which nobody waits."""
        self._put(arrival)

    def _put(self, arrival: Arrival) -> _Waiting | None:
        """Return what becomes of it; None when it is lost."""
        if self._process != os.getpid():
            self._begin()
        if self.store.is_paused or self._queue.qsize() >= LONGEST_QUEUE:
            self.store.lose(1, "database" if self.store.is_paused else "queue_full")
            return None
        waiting = _Waiting(arrival)
        self._queue.put(waiting)
        return waiting

    def stop(self) -> None:
        """End the thread, after all that waits was stored; the next click begins another."""
        with self._beginning:
            if self._process == os.getpid():
                self._queue.put(None)
                self._thread.join()
            self._process = None

    def _begin(self) -> None:
        with self._beginning:
            if self._process == os.getpid():
                return
            self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
            self._thread = threading.Thread(target=self._run, name="grapevine-clicks", daemon=True)
            self._thread.start()
            self._process = os.getpid()

    def _run(self) -> None:
        with self._app.app_context():
            going_on = True
            while going_on:
                batch = [self._queue.get()]
                with suppress(Empty):
                    while len(batch) < MOST_AT_ONCE:
                        batch.append(self._queue.get_nowait())
                going_on = None not in batch
                # What fails has been told by now; whoever comes next finds the thread there.
                with suppress(Exception):
                    self._write([waiting for waiting in batch if waiting is not None])

    def _write(self, batch: list[_Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.given_up]
        try:
            told = self.store.store([waiting.arrival for waiting in wanted])
            for waiting, stored in zip(wanted, told, strict=True):
                waiting.stored = stored
        finally:
            for waiting in batch:
                waiting.done.release()


def _is_there(arrival: Arrival) -> bool:
    with suppress(SQLAlchemyError):
        return db.session.scalar(select(Click.id).where(Click.id == arrival.id)) is not None
    return False


def _is_away(error: Exception) -> bool:
    """Say whether the database would fail for every other click too."""
    return (is_trouble(error) or isinstance(error, OSError)) and not _gave_way(error)


def _gave_way(error: Exception) -> bool:
    code: object = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(code, str) and code.startswith(_GAVE_WAY)
