"""Which requests for a link are visits of a person."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from crawleruseragents import is_crawler

# No browser's is longer, those inside apps included; the list is slow to search.
LONGEST_USER_AGENT = 1024
_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
# What Sec-Fetch-Dest says of a page somebody goes to, and Sec-Fetch-Mode of what a script asks for.
_GOING_THERE = "document"
_BY_A_SCRIPT = frozenset({"cors", "no-cors", "same-origin"})
_AHEAD_OF_TIME = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
# Beside the list: what scans links in mails, what Office sends before it opens a browser, and names that say it all.
_LOOKS_AT_LINKS = re.compile(
    r"barracuda|mimecast|proofpoint|\bms-?office\b|microsoft office|(?:(?<!cu)bot|crawler|spider)\b", re.IGNORECASE
)
# Libraries of programming languages, which name themselves first.
_LIBRARY = re.compile(
    r"(?:bun|dart|deno|faraday|fasthttp|guzzlehttp|http\.rb|httpclient|insomnia|java|java-http-client|jersey|ktor-client"
    r"|node|php|postmanruntime|reqwest|rest-client|ruby|superagent|typhoeus|undici|urllib3|winhttp)(?![\w-])",
    re.IGNORECASE,
)
# Apps that show a page in a browser of their own; alone, each of these names is its preview of a link.
_INSIDE_AN_APP = re.compile(r"\b(?:WhatsApp|Viber|Bluesky|Tumblr)/[\w.]+")


def why_not_counted(environ: Mapping[str, Any], *, by_script: bool = False) -> str | None:
    """Return why a request for a link is no click, or None when it is one. Reads WSGI's names of headers.

    "head", "prefetch" (also prerendering and previews), "hidden" (loaded by a page without anybody going there), or
    "bot". `by_script` says that a script is meant to ask: the one that tells of a page that was opened.
    """
    if environ["REQUEST_METHOD"] == "HEAD":
        return "head"
    if is_ahead_of_time(environ):
        return "prefetch"
    if not by_script and _is_hidden(environ):
        return "hidden"
    user_agent: str = environ.get("HTTP_USER_AGENT", "")
    if len(user_agent) > LONGEST_USER_AGENT or is_bot(user_agent):
        return "bot"
    return None


def is_ahead_of_time(environ: Mapping[str, Any]) -> bool:
    """Say whether a browser only looks ahead, at a page that nobody has asked for yet."""
    return any(name in environ and _AHEAD_OF_TIME.search(environ[name]) for name in _PURPOSES)


def _is_hidden(environ: Mapping[str, Any]) -> bool:
    """Say whether a page loads this into itself: a frame, an image, a script's own request.

    Browsers say what they want it for. Somebody who goes somewhere wants a document; old browsers say nothing.
    """
    wanted_for = environ.get("HTTP_SEC_FETCH_DEST", _GOING_THERE)
    if wanted_for == _GOING_THERE:
        return False
    return wanted_for != "empty" or environ.get("HTTP_SEC_FETCH_MODE") in _BY_A_SCRIPT


@lru_cache(maxsize=10_000)
def is_bot(user_agent: str) -> bool:
    """Say whether a user agent is a program's that no person looks through, or none at all.

    The list is slow to search, so verdicts are kept.
    """
    if user_agent.startswith("Mozilla/") and "AppleWebKit" in user_agent:
        user_agent = _INSIDE_AN_APP.sub("", user_agent)
    return (
        not user_agent.strip()
        or _LIBRARY.match(user_agent) is not None
        or _LOOKS_AT_LINKS.search(user_agent) is not None
        or is_crawler(user_agent)
    )
