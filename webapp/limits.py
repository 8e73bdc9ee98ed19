"""The limit on unknown codes, wherever one is tried: in a link, on the sign-up page, typed into its field.

It stops the guesser without stopping their neighbours: a code that exists
always works, since it is no secret and no credential.
"""

import time

from limits import RateLimitItemPerMinute
from werkzeug.exceptions import TooManyRequests

from webapp.extensions import limiter
from webapp.network import request_network

UNKNOWN_CODES = RateLimitItemPerMinute(30)


def count_unknown_code() -> None:
    """Count one unknown code against the network of the request. Raises TooManyRequests above the limit."""
    network = request_network()
    if not limiter.limiter.hit(UNKNOWN_CODES, "unknown-codes", network):
        reset_at = limiter.limiter.get_window_stats(UNKNOWN_CODES, "unknown-codes", network).reset_time
        raise TooManyRequests(retry_after=max(1, int(reset_at - time.time())))
