"""Two transactions on PostgreSQL, a statement at a time, in an order that the test chooses.

Each runs in a thread of its own and stops before every statement and before
its commit. When the one whose turn it is waits for a lock of the other, the
other goes on until the lock is free.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Connection, create_engine, event, text

from webapp.database import writing_engine
from webapp.extensions import db

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.003
MOMENTS = ("before_cursor_execute", "commit")
_BLOCKED = text("SELECT cardinality(pg_blocking_pids(:pid)) > 0")

# Whose turn it is, and for how many statements; None for all that are left.
Plan = Sequence[tuple[int, int | None]]


class Taker(threading.Thread):
    """One of the two. It `runs` (and may be blocked in that), `waits` for its turn, or is `done`."""

    def __init__(self, app: Flask, call: Callable[[], Any], changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.app, self.call, self.changed = app, call, changed
        self.state = "runs"
        self.pid: int | None = None
        self.turns = 0
        # What the call returned, or the exception that it raised.
        self.result: Any = None

    def run(self) -> None:
        try:
            with self.app.app_context():
                self.result = self.call()
        except Exception as error:
            self.result = error
        with self.changed:
            self.state = "done"
            self.changed.notify_all()

    def stop_before(self, connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        with self.changed:
            self.pid = driver.info.backend_pid
            self.state = "waits"
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.state == "runs", PATIENCE_SECONDS)

    def go_on(self) -> None:
        with self.changed:
            self.turns += 1
            self.state = "runs"
            self.changed.notify_all()


class Turns:
    """Lets two calls happen at once, by a plan."""

    def __init__(self, app: Flask, observer: Connection) -> None:
        self.app, self.observer = app, observer
        self.takers: list[Taker] = []

    def take(self, calls: Sequence[Callable[[], Any]], plan: Plan) -> list[Taker]:
        """Carry out both calls by the plan, and what it leaves of them in their order."""
        changed = threading.Condition()
        self.takers = [Taker(self.app, call, changed) for call in calls]
        for taker in self.takers:
            taker.start()
        self._settle()
        for number, turns in [*plan, (0, None), (1, None)]:
            self._let(self.takers[number], self.takers[1 - number], turns)
        for taker in self.takers:
            taker.join(PATIENCE_SECONDS)
        return self.takers

    def stop(self, connection: Connection, *_more: object) -> None:
        """Let whoever is about to do something wait for its turn."""
        current = threading.current_thread()
        if isinstance(current, Taker):
            current.stop_before(connection)

    def _let(self, taker: Taker, other: Taker, turns: int | None) -> None:
        done = 0
        until = time.monotonic() + PATIENCE_SECONDS
        while taker.state != "done" and (turns is None or done < turns):
            if taker.state == "waits":
                taker.go_on()
                done += 1
            elif other.state == "waits":
                other.go_on()
            else:
                # Each waits for the other; the database ends one of them.
                time.sleep(POLL_SECONDS)
            self._settle()
            assert time.monotonic() < until, "neither goes on"

    def _settle(self) -> None:
        """Return once each waits for its turn, is done, or waits for a lock."""
        changed = self.takers[0].changed
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with changed:
                changed.wait_for(lambda: all(taker.state != "runs" for taker in self.takers), POLL_SECONDS)
            running = [taker for taker in self.takers if taker.state == "runs"]
            if all(taker.pid and self._is_blocked(taker.pid) for taker in running):
                return

    def _is_blocked(self, pid: int) -> bool:
        return bool(self.observer.execute(_BLOCKED, {"pid": pid}).scalar_one())


@contextmanager
def turns_on_postgresql(app: Flask) -> Iterator[Turns]:
    """Let the threads of `Turns` stop before every statement and commit of the application's engine."""
    watching = create_engine(db.engine.url, isolation_level="AUTOCOMMIT")
    with watching.connect() as observer:
        turns = Turns(app, observer)
        for moment in MOMENTS:
            event.listen(writing_engine(), moment, turns.stop)
        try:
            yield turns
        finally:
            for moment in MOMENTS:
                event.remove(writing_engine(), moment, turns.stop)
    watching.dispose()
