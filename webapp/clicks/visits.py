"""What is kept of how a visitor came. Headers and query fields are hostile: cut, and cleaned of control characters."""

from urllib.parse import urlsplit

from flask import Request

from webapp.clicks.destinations import UTM_FIELDS
from webapp.services.clicks import Visit

LONGEST_FIELD = 100
LONGEST_HOST = 253


def visit_of(request: Request) -> Visit:
    """Return the host the visitor came from and their campaign fields."""
    return Visit(
        source_host=_source_host(request.headers.get("Referer", "")),
        utm_source=_clean(request.args.get("utm_source", "")),
        utm_medium=_clean(request.args.get("utm_medium", "")),
        utm_campaign=_clean(request.args.get("utm_campaign", "")),
    )


def utm_fields(request: Request) -> dict[str, str]:
    """Return the UTM fields of a request's query as they came, to be passed on."""
    return {name: request.args[name] for name in UTM_FIELDS if request.args.get(name)}


def _clean(text: str) -> str | None:
    return "".join(character for character in text[:LONGEST_FIELD] if character.isprintable()).strip() or None


def _source_host(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    # What is no host name is nothing.
    plain = host.isascii() and 0 < len(host) <= LONGEST_HOST and all(c.isalnum() or c in "-._:" for c in host)
    return host if plain else None
