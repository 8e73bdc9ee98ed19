"""Where limits are counted: in a store that processes share, and in this process alone while that is away.

A store is a help and no condition: when it does not answer nobody is turned
away for it, and nobody gets through more often than one process allows.
"""

import math
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from limits import RateLimitItem
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from webapp.config import ConfigError
from webapp.logs import log

RETRY_SECONDS = 5
# Longer than any answer takes on a network of one's own; whoever asks waits for it once an outage.
PATIENCE_SECONDS = 0.5
# With fewer names it is not worth while to look which of them are over.
FEW_NAMES = 1_000

T = TypeVar("T")


class Counts(Protocol):
    """A place where counts are."""

    def count(self, limit: RateLimitItem, whose: str) -> int:
        """Count one, if there is room. Returns how many seconds to wait before coming again; 0 for what was allowed."""

    def take_back(self, limit: RateLimitItem, whose: str) -> None:
        """Take the newest entry of a count away: of several at the same time it does not matter whose."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer of a count. `wait_seconds` says when to come again; 0 for what was allowed."""

    limit: RateLimitItem
    whose: str
    wait_seconds: int
    counts: Counts

    @property
    def allowed(self) -> bool:
        return self.wait_seconds == 0


class LimitStore:
    """Counts what is allowed, so and so often in a window that moves along. What is refused does not count."""

    def __init__(self, shared: Counts | None) -> None:
        self._shared = shared
        self.own = OwnCounts()
        self._away = False
        self._ask_again_at = 0.0
        self._lock = threading.Lock()

    def count(self, limit: RateLimitItem, whose: str) -> Counted:
        """Count one, if there is room."""
        return self._ask(lambda counts: Counted(limit, whose, counts.count(limit, whose), counts))

    def take_back(self, counted: Counted) -> None:
        """Make what was allowed uncounted."""
        limit, whose = counted.limit, counted.whose
        if counted.counts is self.own:
            self.own.take_back(limit, whose)
        else:
            self._ask(lambda counts: counts.take_back(limit, whose) if counts is counted.counts else None)

    def _ask(self, question: Callable[[Counts], T]) -> T:
        if self._shared is not None and self._may_ask_shared():
            try:
                answer = question(self._shared)
            except Exception as error:
                # Whatever the store's client raises: whoever asks does not pay for it.
                self._goes_away(error)
            else:
                self._comes_back()
                return answer
        return question(self.own)

    def _may_ask_shared(self) -> bool:
        """Say whether to ask the shared store. During an outage one asks for all, from time to time."""
        if not self._away:
            return True
        with self._lock:
            now = time.time()
            # Never longer, also when the clock was set back meanwhile.
            if 0 < self._ask_again_at - now <= RETRY_SECONDS:
                return False
            self._ask_again_at = now + RETRY_SECONDS
            return True

    def _goes_away(self, error: Exception) -> None:
        with self._lock:
            was_away, self._away = self._away, True
            self._ask_again_at = time.time() + RETRY_SECONDS
        if not was_away:
            log.warning("rate_limit_store_away", error=type(error).__name__, hint="each process counts for itself")

    def _comes_back(self) -> None:
        if not self._away:
            return
        with self._lock:
            was_away, self._away = self._away, False
        if was_away:
            log.info("rate_limit_store_back")


@dataclass(slots=True)
class _Window:
    """What was counted of one name, the oldest first, and for how long it counts."""

    seconds: int
    times: list[float] = field(default_factory=list)


class OwnCounts:
    """The counts of this process, exact however many threads ask at once.

    `limits` has such a store too, but it is not for threads: two that ask at once start the same timer, and the second
    fails. It also never forgets a name, and looks through all that it ever heard, again and again.
    """

    def __init__(self) -> None:
        self.windows: dict[str, _Window] = {}
        self._look_at = FEW_NAMES
        self._lock = threading.Lock()

    def count(self, limit: RateLimitItem, whose: str) -> int:
        """Count one, if there is room. Returns how many seconds to wait before coming again; 0 for what was allowed."""
        key = limit.key_for(whose)
        with self._lock:
            # Under the lock, so that times stand in their order.
            now = time.time()
            window = self.windows.get(key)
            if window is None:
                self._forget_those_that_are_over(now)
                window = self.windows[key] = _Window(limit.get_expiry())
            if window.times and window.times[-1] > now:
                # The clock was set back: nobody waits for longer than the window.
                window.times = [min(at, now) for at in window.times]
            del window.times[: bisect_left(window.times, now - window.seconds)]
            if len(window.times) < limit.amount:
                window.times.append(now)
                return 0
            return _whole_seconds(window.times[0] + window.seconds - now)

    def take_back(self, limit: RateLimitItem, whose: str) -> None:
        """Take the newest entry of a count away: of several at the same time it does not matter whose."""
        with self._lock:
            window = self.windows.get(limit.key_for(whose))
            if window is not None:
                del window.times[-1:]

    def _forget_those_that_are_over(self, now: float) -> None:
        """Make room for new names, whenever they have become twice as many: a flood of them costs each little."""
        if len(self.windows) < self._look_at:
            return
        self.windows = {
            key: window
            for key, window in self.windows.items()
            if window.times and window.times[-1] >= now - window.seconds
        }
        self._look_at = max(FEW_NAMES, 2 * len(self.windows))


class SharedCounts:
    """The counts in a store that processes share."""

    def __init__(self, storage: RedisStorage) -> None:
        self._storage = storage
        self._limiter = MovingWindowRateLimiter(storage)

    def count(self, limit: RateLimitItem, whose: str) -> int:
        """Count one, if there is room. Returns how many seconds to wait before coming again; 0 for what was allowed."""
        if self._limiter.hit(limit, whose):
            return 0
        return _whole_seconds(self._limiter.get_window_stats(limit, whose).reset_time - time.time())

    def take_back(self, limit: RateLimitItem, whose: str) -> None:
        """Take the newest entry of a count away: of several at the same time it does not matter whose."""
        self._storage.get_connection().lpop(self._storage.prefixed_key(limit.key_for(whose)))


def store_at(url: str) -> LimitStore:
    """Return the store that a RATE_LIMIT_URL names. Raises ConfigError for options that it cannot have."""
    if url.startswith("memory:"):
        return LimitStore(None)
    try:
        storage = storage_from_string(url, **_impatient())
    except (ValueError, TypeError) as error:
        raise ConfigError("RATE_LIMIT_URL must have options that Redis knows, or none.") from error
    return LimitStore(SharedCounts(storage))


def _impatient() -> dict[str, Any]:
    # Only a site with such a store has to wait for these.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_connect_timeout": PATIENCE_SECONDS,
        "socket_timeout": PATIENCE_SECONDS,
        "retry": Retry(NoBackoff(), 1),
    }


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
