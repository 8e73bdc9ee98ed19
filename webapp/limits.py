"""Limits that views count themselves.

Unknown codes: wherever one is tried, in a link, on the sign-up page, typed into
its field. This stops the guesser without stopping their neighbours: a code that
exists always works, since it is no secret and no credential. Calls of the API:
by key, however many machines share it.
"""

import time
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from werkzeug.exceptions import TooManyRequests

from webapp.extensions import limiter
from webapp.logs import log
from webapp.network import request_network

UNKNOWN_CODES = RateLimitItemPerMinute(30)
# 1,200 a minute, of which 200 may come at once.
API_CALLS = RateLimitItemPerSecond(200, 10)


def count_unknown_code() -> None:
    """Count one unknown code against the network of the request. Raises TooManyRequests above the limit."""
    _count(UNKNOWN_CODES, "unknown-codes", request_network())


def count_api_call(key_id: UUID) -> None:
    """Count one call of the API against its key. Raises TooManyRequests above the limit."""
    _count(API_CALLS, "api-calls", str(key_id))


def _count(limit: RateLimitItem, of: str, whose: str) -> None:
    try:
        allowed = limiter.limiter.hit(limit, of, whose)
        reset_at = 0.0 if allowed else limiter.limiter.get_window_stats(limit, of, whose).reset_time
    except Exception as error:
        # Whatever the store's client raises: whoever asks does not pay for it.
        log.warning("rate_limit_store_failed", error=type(error).__name__)
        return
    if not allowed:
        raise TooManyRequests(retry_after=max(1, int(reset_at - time.time())))
