"""What may be done how often.

Sign-ins: failures only, for an account on a network and for the whole network.
Each counts from its beginning, so that many at once are no more than many in
turn, and a success is taken back. Sign-ups: those that could tell which
addresses have an account. Requests for a forgotten password, whosever it is.
Unknown codes: wherever one is tried, in a link, on
the sign-up page, typed into its field. This stops the guesser without stopping
their neighbours: a code that exists always works, since it is no secret and no
credential. Clicks that pages of the business's site tell of. Calls of the API: by key, however many machines share it.
"""

import hmac
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from werkzeug.exceptions import TooManyRequests

from webapp.domain.mailbox import address_key
from webapp.limit_store import Counted, LimitStore, store_at
from webapp.network import request_network

SIGN_IN_FAILURES_OF_ACCOUNT = RateLimitItemPerMinute(10, 15)
SIGN_IN_FAILURES_OF_NETWORK = RateLimitItemPerMinute(30, 15)
SIGN_UPS = RateLimitItemPerHour(20)
PASSWORD_REQUESTS = RateLimitItemPerHour(20)
UNKNOWN_CODES = RateLimitItemPerMinute(30)
# Far above what the visitors behind one address do, also in an office or a school.
REPORTED_CLICKS = RateLimitItemPerMinute(300)
# 1,200 a minute, of which 200 may come at once.
API_CALLS = RateLimitItemPerSecond(200, 10)

LONGEST_ADDRESS = 256


@dataclass(slots=True)
class Attempt:
    """What came of a sign-in: it counts for good only when it `failed`."""

    failed: bool = False


def init_app(app: Flask) -> None:
    """Open the store of this application's limits."""
    app.extensions["grapevine_limits"] = store_at(app.config["RATE_LIMIT_URL"])


@contextmanager
def sign_in_attempt(email: str) -> Iterator[Attempt]:
    """Count a sign-in while it is tried. Raises TooManyRequests above the limit of its account or its network."""
    network, attempt = request_network(), Attempt()
    with ExitStack() as counts:
        for limit, of, whose in (
            (SIGN_IN_FAILURES_OF_ACCOUNT, "sign-ins of an account", f"{_account(email)} {network}"),
            (SIGN_IN_FAILURES_OF_NETWORK, "sign-ins of a network", network),
        ):
            counts.callback(_store().take_back, _count(limit, of, whose))
        yield attempt
        if attempt.failed:
            counts.pop_all()


def count_sign_up() -> None:
    """Count one sign-up against the network of the request. Raises TooManyRequests above the limit."""
    _count(SIGN_UPS, "sign-ups", request_network())


def count_password_request() -> None:
    """Count one request for a forgotten password against the network of the request. Raises TooManyRequests."""
    _count(PASSWORD_REQUESTS, "password requests", request_network())


def count_unknown_code() -> None:
    """Count one unknown code against the network of the request. Raises TooManyRequests above the limit."""
    _count(UNKNOWN_CODES, "unknown codes", request_network())


def count_reported_click() -> None:
    """Count one click told by another site's page against the visitor's network. Raises TooManyRequests."""
    _count(REPORTED_CLICKS, "reported clicks", request_network())


def count_api_call(key_id: UUID) -> None:
    """Count one call of the API against its key. Raises TooManyRequests above the limit."""
    _count(API_CALLS, "calls of the API", str(key_id))


def _count(limit: RateLimitItem, of: str, whose: str) -> Counted:
    counted = _store().count(limit, _pseudonym(of, whose))
    if not counted.allowed:
        raise TooManyRequests(retry_after=counted.wait_seconds)
    return counted


def _store() -> LimitStore:
    store: LimitStore = current_app.extensions["grapevine_limits"]
    return store


def _account(email: str) -> str:
    email = email[:LONGEST_ADDRESS]
    try:
        return address_key(email)
    except ValueError:
        return email.casefold()


def _pseudonym(of: str, whose: str) -> str:
    """Return a name that tells nobody who is meant: the store need not know, and its log neither."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.digest(key, f"grapevine.limit {of}: {whose}".encode("utf-8", "replace"), "sha256").hex()[:32]
