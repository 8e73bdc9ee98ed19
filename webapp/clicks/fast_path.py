"""`GET /r/CODE` in front of Flask: the busiest request there is, in as little time as it takes to do it right.

It answers what `webapp.views.public.clicks` answers, which says the same in
ordinary words, and a test holds the two together. Whatever is unusual is left
to that view: unknown codes, foreign hosts, other methods, destinations that
are not allowed.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp.clicks import visitors
from webapp.clicks.counting import why_not_counted
from webapp.clicks.destinations import ForeignDestinationError
from webapp.clicks.link_cache import FollowedLink, LinkCache
from webapp.clicks.visits import LONGEST_HOST, utm_fields, visits_of
from webapp.clicks.writer import ClickWriter
from webapp.clicks.writer_process import ClickSender
from webapp.clock import utc_now
from webapp.domain.consent import carries_click, may_set_cookie, mode_for
from webapp.ids import new_id
from webapp.incoming import host_name
from webapp.metrics import metrics_of
from webapp.services.clicks import Arrival
from webapp.signing import signer_for

PREFIX = "/r/"

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_host_name = lru_cache(maxsize=1_000)(host_name)


class FastPath:
    """WSGI middleware that answers the clicks it knows how to, and passes on all other requests."""

    def __init__(self, app: Flask, inner: WSGIApp) -> None:
        self._config = app.config
        self._inner = inner
        self._links = LinkCache(app)
        self._visits = visits_of(app)
        self._metrics = metrics_of(app)
        self.writer = ClickWriter(app)
        self._sender = ClickSender(self.writer)
        self._visitors = signer_for(app.config["SECRET_KEY"], "visitor")
        self._clicks = signer_for(app.config["SECRET_KEY"], "click")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX) and (headers := self._redirection(environ)):
            start_response("302 FOUND", headers)
            return ()
        return self._inner(environ, start_response)

    def _redirection(self, environ: dict[str, Any]) -> list[tuple[str, str]] | None:
        """Record the click and return the headers that send the visitor on; None for what the view has to answer."""
        link = self._link_of(environ)
        if link is None:
            return None
        try:
            query = _query(environ.get("QUERY_STRING", ""))
            target = link.led_to(query["to"]) if "to" in query else link.target
        except (ForeignDestinationError, UnicodeError):
            return None
        mode = mode_for(link.consent_mode, gpc=environ.get("HTTP_SEC_GPC"))
        remembers = may_set_cookie(mode)
        click_id = None
        if reason := why_not_counted(environ):
            self._metrics.clicks_not_counted.inc(reason=reason)
        else:
            cookie, known = self._known_visitor(environ) if remembers else ("", None)
            visitor_id = known or visitors.new_visitor()
            click_id = self._record(link, visitor_id, environ, query, new_visitor=known is None)
        carried = click_id if carries_click(mode, elsewhere=target.is_elsewhere) else None
        url = target.url(visitor_utm=utm_fields(query), click=self._clicks.sign(carried) if carried else None)
        headers = [*_HEADERS, ("Location", url)]
        if click_id and remembers:
            value = cookie if known else self._visitors.sign(visitor_id)
            secure = self._config["SESSION_COOKIE_SECURE"]
            headers.append(("Set-Cookie", visitors.cookie_header(value, link.window_days, secure=secure)))
        return headers

    def _link_of(self, environ: dict[str, Any]) -> FollowedLink | None:
        """Return the live link that a plain request asks for."""
        code = environ["PATH_INFO"][len(PREFIX) :].removesuffix("/")
        if environ["REQUEST_METHOD"] not in _METHODS or environ.get("SCRIPT_NAME") or "/" in code:
            return None
        host = environ.get("HTTP_HOST", "")
        # What is longer than any host is not even remembered.
        if len(host) > LONGEST_HOST + len(":65535.") or _host_name(host) not in self._config["OWN_HOSTS"]:
            return None
        try:
            return self._links.find(code)
        except SQLAlchemyError:
            return None

    def _known_visitor(self, environ: dict[str, Any]) -> tuple[str, UUID | None]:
        """Return the visitor's cookie as it came and whom it names; None without one, or with one we did not sign."""
        header = environ.get("HTTP_COOKIE", "")
        if visitors.COOKIE not in header:
            return "", None
        # The first one counts, as in Flask; what we have signed holds nothing to be unquoted.
        for pair in header.split(";"):
            name, _, cookie = pair.partition("=")
            if name.strip() == visitors.COOKIE:
                return cookie.strip(), self._visitors.read(cookie.strip())
        return "", None

    def _record(
        self,
        link: FollowedLink,
        visitor_id: UUID,
        environ: dict[str, Any],
        query: dict[str, str],
        *,
        new_visitor: bool,
    ) -> UUID | None:
        """Store the click; None when it was lost."""
        now = utc_now()
        visit = self._visits.read(environ, query, source_url=environ.get("HTTP_REFERER"), now=now)
        arrival = Arrival(new_id(), link.clicked, visitor_id, new_visitor, now, visit)
        return arrival.id if self._sender.record(arrival) else None


_METHODS = frozenset({"GET", "HEAD"})
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", "0"),
    ("Cache-Control", "no-store"),
    ("Vary", "Cookie"),
)


def _query(text: str) -> dict[str, str]:
    """Return the first value of each field of a query, read as Flask reads it. UnicodeEncodeError for one that is no
    plain text, which Flask has to judge.
    """
    if not text:
        return {}
    text.encode("ascii")
    # Backwards, so that the first one stays.
    return dict(reversed(parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote")))


def init_app(app: Flask) -> None:
    """Let clicks be answered in front of the application, unless its setting says otherwise."""
    if app.config.get("CLICKS_FAST_PATH", True):
        path = FastPath(app, app.wsgi_app)
        app.wsgi_app = path  # type: ignore[method-assign]
        app.extensions["grapevine_clicks"] = path
