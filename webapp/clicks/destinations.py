"""Where a link leads."""

from urllib.parse import SplitResult, quote, unquote_plus, urlencode, urlsplit, urlunsplit

UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class ForeignDestinationError(Exception):
    """A destination on a host that the program does not lead to."""


def allowed_destination(url: str, *, hosts: frozenset[str]) -> str:
    """Return a destination that may be redirected to, in a form that every browser reads alike.

    A path of this site, or http(s) on one of `hosts` (lower case, without port).
    Raises ForeignDestinationError for anything else.
    """
    if "\\" in url or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise ForeignDestinationError
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise ForeignDestinationError from error
    if not parts.scheme and not parts.netloc:
        if not url.startswith("/") or url.startswith("//"):
            raise ForeignDestinationError
    elif parts.scheme not in {"http", "https"} or host not in hosts or "@" in parts.netloc:
        raise ForeignDestinationError
    return urlunsplit(parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=-._~")))


def allowed_hosts(listed: str, *, landing_url: str, own_host: str) -> frozenset[str]:
    """Return the hosts a program's links may lead to: this site, the landing page's, and those listed, one a line."""
    hosts = {own_host, urlsplit(landing_url).hostname, *(line.strip().lower() for line in listed.splitlines())}
    return frozenset(host for host in hosts if host)


def is_elsewhere(destination: str, *, own_host: str) -> bool:
    """Say whether an allowed destination is on another site than this one."""
    host = urlsplit(destination).hostname
    return host is not None and host != own_host


def with_tracking(destination: str, *, code: str, visitor_utm: dict[str, str], click: str | None) -> str:
    """Return the destination with `ref`, the visitor's UTM fields and, when given, `gv` in its query.

    Everything that stands in the query stays, byte for byte; a UTM field that
    the destination sets itself is not set again, and there is one `ref` and one `gv`.
    """
    parts: SplitResult = urlsplit(destination)
    kept = [pair for pair in parts.query.split("&") if pair and _name(pair) not in {"ref", "gv"}]
    set_by_destination = {_name(pair) for pair in kept}
    added = [(name, value) for name, value in visitor_utm.items() if name not in set_by_destination]
    tracking = [("ref", code)] + ([("gv", click)] if click else [])
    return urlunsplit(parts._replace(query="&".join([*kept, urlencode(added + tracking)])))


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
