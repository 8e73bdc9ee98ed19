"""Which requests for a link are visits of a person."""

import re
from functools import lru_cache

from crawleruseragents import is_crawler
from werkzeug.datastructures import Headers

LONGEST_USER_AGENT = 512
_AHEAD_OF_TIME = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)


def why_not_counted(method: str, headers: Headers) -> str | None:
    """Return why a request for a link is no click, or None when it is one.

    "head", "prefetch" (also prerendering and previews), or "bot".
    """
    if method == "HEAD":
        return "head"
    if is_ahead_of_time(headers):
        return "prefetch"
    if is_bot(headers.get("User-Agent", "")[:LONGEST_USER_AGENT]):
        return "bot"
    return None


def is_ahead_of_time(headers: Headers) -> bool:
    """Say whether a browser only looks ahead, at a page that nobody has asked for yet."""
    purposes = (headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return any(_AHEAD_OF_TIME.search(purpose) for purpose in purposes)


@lru_cache(maxsize=10_000)
def is_bot(user_agent: str) -> bool:
    """Say whether a user agent is a known crawler's, or none at all.

    The list is slow to search, so verdicts are kept.
    """
    return not user_agent.strip() or is_crawler(user_agent)
