"""What is kept of how a visitor came. Headers and query fields are hostile: cut, and cleaned of control characters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from webapp.clicks.destinations import UTM_FIELDS
from webapp.services.clicks import Visit

LONGEST_FIELD = 100
LONGEST_HOST = 253
LONGEST_URL = 2_000


def visit_of(environ: Mapping[str, Any], query: Mapping[str, str]) -> Visit:
    """Return what is kept of a request: the host the visitor came from and their campaign fields.

    `query` holds the first value of each field of the address.
    """
    source_url = environ.get("HTTP_REFERER")
    return Visit(
        source_host=_source_host(source_url[:LONGEST_URL]) if source_url else None,
        utm_source=_clean(query.get("utm_source")),
        utm_medium=_clean(query.get("utm_medium")),
        utm_campaign=_clean(query.get("utm_campaign")),
    )


def utm_fields(query: Mapping[str, str]) -> dict[str, str]:
    """Return the UTM fields of an address's query as they came, to be passed on."""
    return {name: query[name] for name in UTM_FIELDS if query.get(name)} if query else {}


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    text = text[:LONGEST_FIELD]
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text.strip() or None


@lru_cache(maxsize=2_000)
def _source_host(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    # What is no host name is nothing.
    plain = host.isascii() and 0 < len(host) <= LONGEST_HOST and all(c.isalnum() or c in "-._:" for c in host)
    return host if plain else None
