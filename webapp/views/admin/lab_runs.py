"""Running a replay for the web: one at a time, not for ever, and stopped when nobody waits for it any more."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.database import snapshot_for_streaming
from webapp.domain.replaying.told import Replayed
from webapp.extensions import db
from webapp.queries.replays import Progress

# Pages are served beside it: one of a process at a time, with a little rest between slices, and no longer than this.
LONGEST_SECONDS = 120.0
REST_SECONDS = 0.002
_slot = threading.Semaphore(1)

Replaying = Callable[[Session], Generator[Progress, None, Replayed]]


class BusyError(Exception):
    """Somebody else's replay is under way in this process."""


class TooLongError(Exception):
    """It would take longer than a page may."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came out, in how many seconds; `session` still reads the moment of the database that was replayed."""

    told: Replayed
    seconds: float
    session: Session


def take_slot() -> Callable[[], None]:
    """Return what gives back the right to run a replay, once. Raises BusyError when somebody has it."""
    if not _slot.acquire(blocking=False):
        raise BusyError
    given_back = threading.Lock()

    def give_back() -> None:
        # Whoever comes first: the end of it, or the server that closes the answer.
        if given_back.acquire(blocking=False):
            _slot.release()

    return give_back


def run(replaying: Replaying) -> Iterator[Progress | Ended]:
    """Run a replay on a snapshot of its own: yield how far it is, and at last what came out. For whoever has the slot.

    Closing it stops it within a slice. Raises TooLongError.
    """
    began = time.perf_counter()
    with snapshot_for_streaming(db.engine) as session:
        replay = replaying(session)
        while True:
            try:
                progress = next(replay)
            except StopIteration as end:
                yield Ended(end.value, time.perf_counter() - began, session)
                return
            yield progress
            if time.perf_counter() - began > LONGEST_SECONDS:
                raise TooLongError
            time.sleep(REST_SECONDS)
