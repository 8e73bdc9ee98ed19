"""Where limits are counted: in a store that processes share, and in this process alone while that is away.

A store is a help and no condition: when it does not answer nobody is turned
away for it, and nobody gets through more often than one process allows.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from webapp.config import ConfigError
from webapp.logs import log

RETRY_SECONDS = 5
# Longer than any answer takes on a network of one's own; whoever asks waits for it once an outage.
PATIENCE_SECONDS = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer of a count. `wait_seconds` says when to come again; 0 for what was allowed."""

    limit: RateLimitItem
    whose: str
    wait_seconds: int
    limiter: MovingWindowRateLimiter

    @property
    def allowed(self) -> bool:
        return self.wait_seconds == 0


class LimitStore:
    """Counts what is allowed, so and so often in a window that moves along. What is refused does not count."""

    def __init__(self, shared: MovingWindowRateLimiter | None) -> None:
        self._shared = shared
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self._away = False
        self._ask_again_at = 0.0
        self._lock = threading.Lock()

    def count(self, limit: RateLimitItem, whose: str) -> Counted:
        """Count one, if there is room."""
        return self._ask(lambda limiter: _count(limiter, limit, whose))

    def take_back(self, counted: Counted) -> None:
        """Make what was allowed uncounted."""
        if counted.limiter is self.own:
            _take_back(counted)
        else:
            self._ask(lambda limiter: _take_back(counted) if limiter is counted.limiter else None)

    def _ask(self, question: Callable[[MovingWindowRateLimiter], T]) -> T:
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
            if now < self._ask_again_at:
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


def store_at(url: str) -> LimitStore:
    """Return the store that a RATE_LIMIT_URL names. Raises ConfigError for options that it cannot have."""
    if url.startswith("memory:"):
        return LimitStore(None)
    try:
        storage = storage_from_string(url, **_impatient())
    except (ValueError, TypeError) as error:
        raise ConfigError("RATE_LIMIT_URL must have options that Redis knows, or none.") from error
    return LimitStore(MovingWindowRateLimiter(storage))


def _impatient() -> dict[str, Any]:
    # Only a site with such a store has to wait for these.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_connect_timeout": PATIENCE_SECONDS,
        "socket_timeout": PATIENCE_SECONDS,
        "retry": Retry(NoBackoff(), 1),
    }


def _count(limiter: MovingWindowRateLimiter, limit: RateLimitItem, whose: str) -> Counted:
    if limiter.hit(limit, whose):
        return Counted(limit, whose, 0, limiter)
    reset_at = limiter.get_window_stats(limit, whose).reset_time
    return Counted(limit, whose, max(1, math.ceil(reset_at - time.time())), limiter)


def _take_back(counted: Counted) -> None:
    """Take the newest entry of a count away: of several at the same time it does not matter whose."""
    storage, key = counted.limiter.storage, counted.limit.key_for(counted.whose)
    if isinstance(storage, RedisStorage):
        storage.get_connection().lpop(storage.prefixed_key(key))
    elif isinstance(storage, MemoryStorage):
        with storage.locks[key]:
            del storage.events.get(key, [])[:1]
