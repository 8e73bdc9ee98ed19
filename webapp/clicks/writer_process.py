"""A process of its own that stores the clicks of all workers of a server.

A worker's threads share one interpreter. Were the clicks stored in one of them,
it would have to wait for the pages that the others make, some forty times for
every group. Here nobody is in the way, and the clicks of all workers share
their commits. Where no such process runs, or it has just died, each worker
stores its own (`webapp.clicks.writer`).
"""

import marshal
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from webapp.clicks.writer import PATIENCE_SECONDS, ClickStore, ClickWriter
from webapp.services.clicks import Arrival, Clicked, Visit
from webapp.write_turns import MOST_CLICKS, STILL_SECONDS, Progress

# Names the socket on which the process listens; set by `serve` for the workers that it starts.
SOCKET = "GRAPEVINE_CLICKS_SOCKET"
# Whoever has not asked for this long may have gone; how long it takes to notice that the process is to end.
LOOK_UP_SECONDS = 0.5
STORED, LOST = b"1", b"0"
_LENGTH = struct.Struct(">I")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Seconds and microseconds, for the kernel; and how often.
_PATIENCE = struct.pack("ll", int(STILL_SECONDS), 0)
_TIMES = int(PATIENCE_SECONDS / STILL_SECONDS)


class _Line:
    """A connection of one thread to the process, which is hung up when the thread ends."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Python's own time limit would ask the kernel twice for each answer.
        for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.socket.setsockopt(socket.SOL_SOCKET, limit, _PATIENCE)
        self.socket.connect(path)

    def ask(self, data: bytes, may_wait: Callable[[], bool]) -> bytes:
        """Send a click and return the answer. Raises BlockingIOError when that took too long."""
        self.socket.sendall(data)
        for _ in range(_TIMES - 1):
            try:
                return self.socket.recv(1)
            except BlockingIOError:
                if not may_wait():
                    raise
        return self.socket.recv(1)

    def __del__(self) -> None:
        self.socket.close()


class ClickSender:
    """Has clicks stored by the process, over a connection of each thread; else by the worker's own writer.

    While no click is stored, as when another program holds the database, only so many threads wait for it that pages
    find others. Further visitors go on at once, and their clicks are stored when that can be done again.
    """

    def __init__(self, own: ClickWriter) -> None:
        self._own = own
        self._of_thread = threading.local()
        self._waiting: set[int] = set()
        self._progress = Progress()

    def record(self, arrival: Arrival) -> bool:
        """Store a click durably. Returns False when that was not possible, or not yet."""
        if not self._waiting:
            self._progress.begins()
        elif len(self._waiting) >= MOST_CLICKS and self._progress.stands_still():
            self._own.record_later(arrival)
            return False
        thread = threading.get_ident()
        self._waiting.add(thread)
        stored = False
        try:
            stored = self._record(arrival)
        finally:
            self._waiting.discard(thread)
            self._progress.ended(well=stored)
        return stored

    def _record(self, arrival: Arrival) -> bool:
        path = os.environ.get(SOCKET)
        line = (getattr(self._of_thread, "line", None) or self._call(path)) if path else None
        if line is None:
            return self._own.record(arrival)
        try:
            answer = line.ask(_encoded(arrival), self._may_wait)
        except BlockingIOError:
            # An answer that comes later would be taken for that of the next click.
            self._of_thread.line = None
            self._own.store.lose(1, "database", error="took too long")
            return False
        except OSError:
            answer = b""
        if not answer:
            self._of_thread.line = None
            return self._own.record(arrival)
        return answer == STORED

    def _may_wait(self) -> bool:
        return len(self._waiting) <= MOST_CLICKS or not self._progress.stands_still()

    def _call(self, path: str) -> _Line | None:
        try:
            self._of_thread.line = _Line(path)
        except OSError:
            return None
        return self._of_thread.line


class ClickProcess:
    """The other end: takes what all threads of all workers send, and answers each when its group is committed."""

    def __init__(self, app: Flask, path: str) -> None:
        self._app = app
        self._store = ClickStore(app)
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # One that died has left its name.
        Path(path).unlink(missing_ok=True)
        self._listener.bind(path)
        self._listener.listen(256)
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def run(self, stop: threading.Event) -> None:
        """Store clicks until `stop` is set."""
        try:
            with self._app.app_context():
                while not stop.is_set():
                    # All that came while the last group was being committed.
                    self._answer(self._take(LOOK_UP_SECONDS))
        finally:
            for key in list(self._selector.get_map().values()):
                self._forget(key.fileobj)

    def _answer(self, group: list[tuple[socket.socket, Arrival]]) -> None:
        told = self._store.store([arrival for _connection, arrival in group])
        for (connection, _arrival), stored in zip(group, told, strict=True):
            try:
                connection.sendall(STORED if stored else LOST)
            except OSError:
                self._forget(connection)

    def _take(self, seconds: float) -> list[tuple[socket.socket, Arrival]]:
        taken: list[tuple[socket.socket, Arrival]] = []
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._selector.register(self._listener.accept()[0], selectors.EVENT_READ, bytearray())
                continue
            unread: bytearray = key.data
            connection: Any = key.fileobj
            try:
                data = connection.recv(65_536)
            except OSError:
                data = b""
            if not data:
                self._forget(connection)
                continue
            unread += data
            if len(unread) >= _LENGTH.size and len(unread) >= _LENGTH.size + _LENGTH.unpack_from(unread)[0]:
                # A thread sends nothing more before it was answered.
                taken.append((connection, _decoded(bytes(unread[_LENGTH.size :]))))
                unread.clear()
        return taken

    def _forget(self, connection: Any) -> None:
        self._selector.unregister(connection)
        connection.close()


def _encoded(arrival: Arrival) -> bytes:
    clicked, visit = arrival.clicked, arrival.visit
    of = (clicked.link_id.bytes, clicked.referrer_id.bytes, clicked.program_id.bytes, clicked.time_zone)
    at = (arrival.at - _EPOCH) // _MICROSECOND
    kept = tuple([getattr(visit, name) for name in Visit.__slots__])
    data = marshal.dumps((of, arrival.id.bytes, arrival.visitor_id.bytes, arrival.new_visitor, at, kept))
    return _LENGTH.pack(len(data)) + data


def _decoded(data: bytes) -> Arrival:
    # From a worker of our own, over a socket in a folder that nobody else may enter.
    of, id_, visitor_id, new_visitor, at, kept = marshal.loads(data)  # noqa: S302
    moment = _EPOCH + at * _MICROSECOND
    return Arrival(UUID(bytes=id_), _clicked(*of), UUID(bytes=visitor_id), new_visitor, moment, Visit(*kept))


@lru_cache(maxsize=50_000)
def _clicked(link_id: bytes, referrer_id: bytes, program_id: bytes, time_zone: str) -> Clicked:
    """Return one object for one link, so that its clicks count together."""
    return Clicked(UUID(bytes=link_id), UUID(bytes=referrer_id), UUID(bytes=program_id), time_zone)
