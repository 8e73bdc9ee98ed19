"""Waiting for one's turn to write: in order of arrival, not for ever, and not so many that pages find no thread.

A database that is held by another program makes writers wait, each in a thread
of its worker. So there is one deadline for all that a writer waits for before
it can begin, and a bound on how many wait while nobody gets on. Behind both is
the refusal that says when to come back. As long as writers do get on, any
number of them waits: a crowd that comes at once is served.
"""

import fcntl
import os
import threading
import time
from collections import deque

from webapp.config import SERVER_THREADS

# Half of a worker's threads, and a quarter of them for clicks: pages always find the others.
MOST_WRITERS = SERVER_THREADS // 2
MOST_CLICKS = SERVER_THREADS // 4
# Hardly any write takes as long. A crowd is not sent away because one of them does.
STILL_SECONDS = 1.0
# More often it would cost writes, and hardly anybody waits as long.
FAIR_SECONDS = 0.25


class NoTurnError(TimeoutError):
    """Somebody else holds the database, for longer than anybody waits."""


def seconds_until(until: float | None) -> float:
    """Return how long a lock of Python's may be waited for; None is without end."""
    return threading.TIMEOUT_MAX if until is None else max(0.0, until - time.monotonic())


class Progress:
    """When somebody last got on, of those who wait for the same."""

    def __init__(self) -> None:
        self._moved_at, self._went_well = 0.0, True

    def begins(self) -> None:
        """Somebody comes and finds nobody waiting: time begins to count, unless it was in vain the last time."""
        if self._went_well:
            self._moved_at = time.monotonic()

    def ended(self, *, well: bool) -> None:
        """Somebody has done what they waited for, or nothing came of it."""
        self._went_well = well
        if well:
            self._moved_at = time.monotonic()

    def stands_still(self) -> bool:
        """Say whether nobody has got on for longer than it takes."""
        return time.monotonic() - self._moved_at >= STILL_SECONDS


class _Waiter:
    """Somebody who waits, and what wakes them."""

    __slots__ = ("bell", "came_at", "has_turn")

    def __init__(self) -> None:
        self.came_at = time.monotonic()
        self.has_turn = False
        self.bell = threading.Lock()
        self.bell.acquire()


class Turns:
    """So many places to write for the threads of this process.

    A place that is left is there for whoever waits first, and for any thread that runs just then: to wait for one that
    has to be woken would cost more than the writing, each time. Whoever has waited for long is handed the place itself.
    """

    def __init__(self, places: int) -> None:
        self._guard = threading.Lock()
        self._places = self._free = places
        self._waiting: deque[_Waiter] = deque()
        # Who was woken for a place that is free, and has not come yet.
        self._called: _Waiter | None = None
        self._progress = Progress()

    def take(self, until: float | None) -> None:
        """Have a place. Raises NoTurnError when there is none in time, or when too many wait while nobody gets on.

        Whoever waits without end, which is None, is not sent away: it is no thread that answers somebody.
        """
        with self._guard:
            if self._free:
                if self._free == self._places:
                    self._progress.begins()
                self._free -= 1
                return
            crowded = until is not None and self._places + len(self._waiting) >= MOST_WRITERS
            if crowded and self._progress.stands_still():
                raise NoTurnError
            waiter = _Waiter()
            self._waiting.append(waiter)
        self._wait(waiter, until, longest=STILL_SECONDS if crowded else threading.TIMEOUT_MAX)

    def _wait(self, waiter: _Waiter, until: float | None, *, longest: float) -> None:
        while True:
            woken = waiter.bell.acquire(timeout=min(seconds_until(until), longest))
            with self._guard:
                if waiter.has_turn:
                    return
                if self._called is waiter:
                    self._called = None
                if self._free:
                    self._free -= 1
                    self._leave_queue(waiter)
                    return
                if not woken and (not seconds_until(until) or self._progress.stands_still()):
                    self._leave_queue(waiter)
                    raise NoTurnError

    def _leave_queue(self, waiter: _Waiter) -> None:
        self._waiting.remove(waiter)
        self._call()

    def _call(self) -> None:
        if self._free and self._waiting and self._called is None:
            self._called = self._waiting[0]
            self._called.bell.release()

    def hand_over(self, *, went_well: bool) -> None:
        """Leave the place to others, and say whether anything could be written."""
        with self._guard:
            self._progress.ended(well=went_well)
            if self._waiting and time.monotonic() - self._waiting[0].came_at >= FAIR_SECONDS:
                first = self._waiting.popleft()
                first.has_turn = True
                if self._called is first:
                    # Woken already.
                    self._called = None
                else:
                    first.bell.release()
                return
            self._free += 1
            self._call()


class _Asked:
    """Somebody who waits for the lock on a file, in a thread: nobody who does can be told to stop."""

    __slots__ = ("done", "file", "has_it", "wanted")

    def __init__(self, file: int) -> None:
        self.file = file
        self.has_it, self.wanted = False, True
        self.done = threading.Lock()
        self.done.acquire()


class FileLock:
    """A lock between processes that is free again when its holder dies.

    The system hands it over at once and in turn, but knows no deadline: who looks now and then instead would often
    come too late. So whoever does not get it at once has a thread wait for it. When that took too long the thread
    waits on, for whoever comes next.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._left: _Asked | None = None

    def take(self, until: float | None) -> int:
        """Return the open file that has the lock until it is closed. Raises NoTurnError, or another OSError."""
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if until is None else fcntl.LOCK_NB))
        except BlockingIOError:
            return self._wait(file, until)
        except BaseException:
            os.close(file)
            raise
        return file

    def _wait(self, file: int, until: float | None) -> int:
        with self._guard:
            asked, self._left = self._left, None
            if asked:
                os.close(file)
                asked.wanted = True
            else:
                asked = _Asked(file)
                threading.Thread(target=self._ask, args=(asked,), name="grapevine-write-lock", daemon=True).start()
        if not asked.done.acquire(timeout=seconds_until(until)):
            with self._guard:
                if not asked.has_it:
                    asked.wanted, self._left = False, asked
                    raise NoTurnError
        return asked.file

    def _ask(self, asked: _Asked) -> None:
        fcntl.flock(asked.file, fcntl.LOCK_EX)
        with self._guard:
            asked.has_it = True
            if asked.wanted:
                asked.done.release()
                return
            if self._left is asked:
                self._left = None
        os.close(asked.file)
