"""Clicks of many requests in one transaction: each is answered only when all of them are committed.

A commit has to wait for the disk, and takes as long for fifty clicks as for one.
So requests leave their clicks with one thread of their process. It takes all
that have come while it was committing, stores them together, and only then
tells those who wait.
"""

import os
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue

from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from webapp.database import write_transaction
from webapp.logs import log
from webapp.metrics import metrics_of
from webapp.services.clicks import Arrival, record_clicks

MOST_AT_ONCE = 128
LONGEST_QUEUE = 1_024
# Much less than a commit takes.
MOMENT_SECONDS = 0.0002
MOST_MOMENTS = 10
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


class ClickWriter:
    """Stores clicks in groups, in a thread that begins with the first one: after the server's workers were forked."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._metrics = metrics_of(app)
        self._beginning = threading.Lock()
        self._process: int | None = None
        self._pause_until = 0.0

    def record(self, arrival: Arrival) -> bool:
        """Store a click durably. Returns False when that was not possible, and the click is lost."""
        if self._process != os.getpid():
            self._begin()
        if time.monotonic() < self._pause_until or self._queue.qsize() >= LONGEST_QUEUE:
            self._lose(1, "queue_full" if time.monotonic() >= self._pause_until else "database")
            return False
        waiting = _Waiting(arrival)
        self._queue.put(waiting)
        if not waiting.done.acquire(timeout=PATIENCE_SECONDS):
            waiting.given_up = True
            self._lose(1, "database", error="took too long")
        return waiting.stored

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
                self._let_others_come()
                with suppress(Empty):
                    while len(batch) < MOST_AT_ONCE:
                        batch.append(self._queue.get_nowait())
                going_on = None not in batch
                # What fails has been told by now; whoever comes next finds the thread there.
                with suppress(Exception):
                    self._store([waiting for waiting in batch if waiting is not None])

    def _let_others_come(self) -> None:
        """Wait a moment, and again while more clicks arrive: the larger a group, the less each of them costs."""
        before, moments = -1, 0
        while (waiting := self._queue.qsize()) > before and moments < MOST_MOMENTS:
            before, moments = waiting, moments + 1
            time.sleep(MOMENT_SECONDS)

    def _store(self, batch: list[_Waiting]) -> None:
        try:
            self._write([waiting for waiting in batch if not waiting.given_up])
        finally:
            for waiting in batch:
                waiting.done.release()

    def _write(self, batch: list[_Waiting], *, again: bool = False) -> None:
        if not batch:
            return
        try:
            with write_transaction() as session:
                record_clicks(session, [waiting.arrival for waiting in batch])
        except Exception as error:
            away = _is_away(error)
            if not away and (len(batch) > 1 or (_gave_way(error) and not again)):
                # One that fails by itself must not cost the others.
                for waiting in batch:
                    self._write([waiting], again=True)
                return
            if away:
                self._pause_until = time.monotonic() + PAUSE_SECONDS
            self._lose(len(batch), "database", error=type(getattr(error, "orig", error)).__name__)
        else:
            for waiting in batch:
                waiting.stored = True
            self._metrics.clicks_recorded.inc(len(batch))

    def _lose(self, clicks: int, reason: str, *, error: str | None = None) -> None:
        self._metrics.clicks_lost.inc(clicks, reason=reason)
        # A log that cannot be written, on the disk that is full, costs no visitor their page, and ends no thread.
        with suppress(Exception):
            log.error("click_lost", reason=reason, error=error, clicks=clicks)


def _is_away(error: Exception) -> bool:
    """Say whether the database would fail for every other click too."""
    return isinstance(error, OperationalError | NoConnectionError | OSError) and not _gave_way(error)


def _gave_way(error: Exception) -> bool:
    code: object = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(code, str) and code.startswith(_GAVE_WAY)
