"""Where a link leads."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote_plus, urlencode, urlsplit, urlunsplit

from werkzeug.urls import iri_to_uri

DEFAULT_PORTS = {"http": 80, "https": 443}
UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class ForeignDestinationError(Exception):
    """A destination on a site that the program does not lead to."""


class Origin(NamedTuple):
    """What makes two pages one site's for a browser. The host is in small letters."""

    scheme: str
    host: str
    port: int


def allowed_destination(url: str, *, origins: frozenset[Origin]) -> str:
    """Return a destination that may be redirected to, in a form that every browser reads alike.

    A path of this site, or a page of one of `origins`. Raises ForeignDestinationError for anything else.
    """
    if "\\" in url or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise ForeignDestinationError
    try:
        parts = urlsplit(url)
        origin = _origin(parts)
    except ValueError as error:
        raise ForeignDestinationError from error
    if not parts.scheme and not parts.netloc:
        if not url.startswith("/") or url.startswith("//"):
            raise ForeignDestinationError
    elif origin not in origins or "@" in parts.netloc or parts.netloc.endswith(":"):
        raise ForeignDestinationError
    return urlunsplit(parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=-._~")))


def allowed_origins(listed: str, *, landing_url: str, own: str) -> frozenset[Origin]:
    """Return the sites a program's links may lead to: this one, the landing page's, and those listed, one a line.

    A line is a host, which means its default ports, or a host and a port.
    """
    urls = [own, landing_url]
    urls += [f"{scheme}://{line.strip()}" for line in listed.splitlines() for scheme in DEFAULT_PORTS]
    return frozenset(origin for url in urls if (origin := _origin_of(url)))


def is_of(origin: str, origins: frozenset[Origin]) -> bool:
    """Say whether an Origin header names one of `origins`. The origin of nothing, `null`, is none of them."""
    return _origin_of(origin) in origins


def checked_landing_page(url: str, *, own: str) -> str:
    """Return where a program's links may lead when they have no destination of their own: a path of this site, or a
    page of any other over HTTP. Raises ForeignDestinationError for anything else, `javascript:` among it.
    """
    return allowed_destination(url, origins=allowed_origins("", landing_url=url, own=own))


def checked_hosts(listed: str) -> str:
    """Return hosts as they are stored: in small letters, each once, one a line. ValueError with what is none."""
    hosts = []
    for line in listed.splitlines():
        host = line.strip().lower()
        if not host:
            continue
        # Nothing but a host, and a port if there is one: no scheme, no path, nobody's name.
        spelled = host.isprintable() and not any(character in host for character in "/?#@\\*, ")
        if not spelled or not _origin_of(f"https://{host}"):
            raise ValueError(line.strip())
        hosts.append(host)
    return "\n".join(dict.fromkeys(hosts))


def is_elsewhere(destination: str, *, own: str) -> bool:
    """Say whether an allowed destination is on another site than the one whose address is `own`."""
    return _origin_of(destination) not in {None, _origin_of(own)}


class Target:
    """An allowed destination of a link, ready for any number of visitors. `own` is the address of this site."""

    def __init__(self, destination: str, *, code: str, own: str) -> None:
        self.is_elsewhere = is_elsewhere(destination, own=own)
        parts: SplitResult = urlsplit(destination)
        kept = [pair for pair in parts.query.split("&") if pair and _name(pair) not in {"ref", "gv"}]
        self._set_by_destination = {_name(pair) for pair in kept}
        self._head = iri_to_uri(urlunsplit(parts._replace(query="&".join(kept), fragment="")))
        self._head += "&" if kept else "?"
        self._ref = urlencode({"ref": code})
        self._fragment = iri_to_uri(f"#{parts.fragment}") if parts.fragment else ""

    def url(self, *, visitor_utm: Mapping[str, str], click: str | None) -> str:
        """Return where one visitor goes: with `ref`, their UTM fields and, when given, `gv` in the query.

        Everything that stands in the query stays; a UTM field that the
        destination sets itself is not set again, and there is one `ref` and one `gv`.
        """
        url = self._head
        if visitor_utm:
            added = [pair for pair in visitor_utm.items() if pair[0] not in self._set_by_destination]
            url += urlencode(added) + "&" if added else ""
        url += self._ref
        if click:
            # Signed ids hold nothing that would have to be quoted.
            url += f"&gv={click}"
        return url + self._fragment


def _origin_of(url: str) -> Origin | None:
    try:
        return _origin(urlsplit(url))
    except ValueError:
        return None


def _origin(parts: SplitResult) -> Origin | None:
    """Return the site of a URL; None for a path, and for what browsers do not open as a page."""
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    port = parts.port
    return Origin(parts.scheme, _ascii_host(parts), DEFAULT_PORTS[parts.scheme] if port is None else port)


def _ascii_host(parts: SplitResult) -> str:
    """Return the host of a URL as browsers send it. ValueError for what no name can be, and for letters that are
    another name's by now, or only for some browsers, as those of full width or a sharp s.
    """
    host = parts.hostname or ""
    sent = host.encode("idna")
    if not parts.netloc.isascii() and (host.isascii() or sent.decode("idna") != host):
        raise ValueError("a name that is spelled like another")
    return sent.decode("ascii")


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
