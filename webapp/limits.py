"""The limit on unknown codes, wherever one is tried: in a link, on the sign-up page, typed into its field.

It stops the guesser without stopping their neighbours: a code that exists
always works, since it is no secret and no credential.
"""

import time

from limits import RateLimitItemPerMinute
from werkzeug.exceptions import TooManyRequests

from webapp.extensions import limiter
from webapp.logs import log
from webapp.network import request_network

UNKNOWN_CODES = RateLimitItemPerMinute(30)


def count_unknown_code() -> None:
    """Count one unknown code against the network of the request. Raises TooManyRequests above the limit."""
    counted = (UNKNOWN_CODES, "unknown-codes", request_network())
    try:
        allowed = limiter.limiter.hit(*counted)
        reset_at = limiter.limiter.get_window_stats(*counted).reset_time
    except Exception as error:
        # Whatever the store's client raises: a visitor does not pay for it.
        log.warning("rate_limit_store_failed", error=type(error).__name__)
        return
    if not allowed:
        raise TooManyRequests(retry_after=max(1, int(reset_at - time.time())))
