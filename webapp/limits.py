"""What may be done how often.

Sign-ins: failures only, for an account on a network and for the whole network.
Each counts from its beginning, so that many at once are no more than many in
turn, and a success is taken back. Codes of a second factor: failures, for an
account on all networks together. Sign-ups: those that could tell which
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
# Whoever gets to guess knows the password already: 240 guesses a day at a code that three of a million pass for.
CODE_FAILURES_OF_ACCOUNT = RateLimitItemPerHour(10)
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


class CodesClosedError(TooManyRequests):
    """An account had so many wrong codes that no more are read for a while, from whatever network."""


@contextmanager
def sign_in_attempt(email: str) -> Iterator[Attempt]:
    """Count a sign-in while it is tried. Raises TooManyRequests above the limit of its account or its network."""
    attempt = Attempt()
    with ExitStack() as counts:
        _count_sign_in(counts, email)
        yield attempt
        if attempt.failed:
            counts.pop_all()


@contextmanager
def code_attempt(user_id: UUID, email: str) -> Iterator[Attempt]:
    """Count a code from somebody's app while it is tried, for the account on all networks and as a sign-in.

    Raises CodesClosedError above the limit of codes, TooManyRequests above those of sign-ins.
    """
    attempt = Attempt()
    with ExitStack() as counts:
        try:
            _count_for_now(counts, CODE_FAILURES_OF_ACCOUNT, "codes of an account", str(user_id))
        except TooManyRequests as refused:
            raise CodesClosedError(retry_after=refused.retry_after) from refused
        _count_sign_in(counts, email)
        yield attempt
        if attempt.failed:
            counts.pop_all()


@contextmanager
def recovery_code_attempt() -> Iterator[Attempt]:
    """Count a recovery code while it is tried, against its network alone. Raises TooManyRequests above the limit.

    Nobody guesses one of 79 bits, and its owner gets in with it where all other tries are used up.
    """
    attempt = Attempt()
    with ExitStack() as counts:
        _count_for_now(counts, SIGN_IN_FAILURES_OF_NETWORK, "sign-ins of a network", request_network())
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


def _count_sign_in(counts: ExitStack, email: str) -> None:
    network = request_network()
    _count_for_now(counts, SIGN_IN_FAILURES_OF_ACCOUNT, "sign-ins of an account", f"{_account(email)} {network}")
    _count_for_now(counts, SIGN_IN_FAILURES_OF_NETWORK, "sign-ins of a network", network)


def _count_for_now(counts: ExitStack, limit: RateLimitItem, of: str, whose: str) -> None:
    """Count what is taken back when `counts` ends."""
    counts.callback(_store().take_back, _count(limit, of, whose))


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
