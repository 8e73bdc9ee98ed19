"""Which requests for a link are visits of a person."""

import re
from functools import lru_cache

from crawleruseragents import is_crawler
from werkzeug.datastructures import Headers

# No browser's is longer, those inside apps included; the list is slow to search.
LONGEST_USER_AGENT = 1024
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


def why_not_counted(method: str, headers: Headers) -> str | None:
    """Return why a request for a link is no click, or None when it is one.

    "head", "prefetch" (also prerendering and previews), or "bot".
    """
    if method == "HEAD":
        return "head"
    if is_ahead_of_time(headers):
        return "prefetch"
    user_agent = headers.get("User-Agent", "")
    if len(user_agent) > LONGEST_USER_AGENT or is_bot(user_agent):
        return "bot"
    return None


def is_ahead_of_time(headers: Headers) -> bool:
    """Say whether a browser only looks ahead, at a page that nobody has asked for yet."""
    purposes = (headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return any(_AHEAD_OF_TIME.search(purpose) for purpose in purposes)


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
