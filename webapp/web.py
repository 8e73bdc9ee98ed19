"""What views share: pages and their parts, safe ways back, the program of the request."""

from typing import Any
from uuid import UUID

from flask import Response, abort, current_app, g, render_template, request, url_for
from flask_babel import get_locale

from webapp.extensions import db
from webapp.models import Program
from webapp.queries import programs
from webapp.signed_in import has_session


def load_program() -> Program:
    """Return the program of this request, read once."""
    if "program" not in g:
        g.program = programs.default_program(db.session())
    return g.program


def asked_language() -> str | None:
    """Return the language of this page for the mails of whoever joins by it; None when the browser asked for none."""
    locale = get_locale()
    return locale.language if locale and request.accept_languages else None


_START_PAGES = {
    "referrer": "referrer.dashboard.index",
    "marketer": "analytics.overview.index",
    "admin": "admin.overview.index",
}


def render(template: str, *, part: str | None = None, status: int = 200, **context: Any) -> Response:
    """Return a page, or only its part when htmx asks for one. One URL gives both, so caches must tell them apart."""
    wants_part = part is not None and request.headers.get("HX-Request") == "true"
    context.setdefault("program", load_program())
    body = render_template(part if wants_part and part else template, **context)
    response = Response(body, status=status, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


def keep_out_of_caches(response: Response) -> Response:
    """After-request hook: what one person sees is stored nowhere, and no page is shared between people."""
    if has_session() or request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def hide_address(response: Response) -> Response:
    """After-request hook of pages whose address holds a secret: nobody keeps it or passes it on."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def page_cursor() -> UUID | None:
    """Return the row after which the page of a list begins, None for its first page; what is no id is not there."""
    if "before" not in request.args:
        return None
    return cursor_of(request.args["before"]) or abort(404)


def cursor_of(text: str) -> UUID | None:
    """Return the place in a list that we gave, None for anything else: the only spelling of it is our own."""
    try:
        place = UUID(text)
    except ValueError:
        return None
    return place if str(place) == text else None


def start_url(role: str) -> str:
    """Return where the work of someone with this role begins."""
    return url_for(_START_PAGES[role])


def safe_next(target: str | None) -> str | None:
    """Return a path of this site to go on to after sign-in, or None for anything else.

    Browsers read a backslash as a slash and drop control characters, so both are refused.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) <= 32 or ord(character) == 127 for character in target):
        return None
    return target


def absolute_url(path: str) -> str:
    """Return a path of this site as a URL on BASE_URL, the only origin that is ever put into links and mails."""
    return f"{current_app.config['BASE_URL']}{path}"
