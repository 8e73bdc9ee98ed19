"""Whom to tell about a hole in this site (RFC 9116)."""

from datetime import timedelta

from flask import Blueprint, Response, abort, current_app

from webapp.clock import utc_now
from webapp.extensions import babel
from webapp.formatting import DEFAULT_LANGUAGE
from webapp.web import absolute_url

PATH = "/.well-known/security.txt"
# Whoever reads it later than that should not rely on it; less than a year, as the standard asks.
GOOD_FOR = timedelta(days=180)

bp = Blueprint("security_text", __name__)


@bp.get(PATH)
def show() -> Response:
    contact: str = current_app.config["SECURITY_CONTACT"]
    if not contact:
        abort(404)
    languages = sorted({DEFAULT_LANGUAGE, *(locale.language for locale in babel.list_translations())})
    lines = (
        f"Contact: {contact}",
        # At midnight, so that it is the same all day.
        f"Expires: {utc_now() + GOOD_FOR:%Y-%m-%dT00:00:00Z}",
        f"Preferred-Languages: {', '.join(languages)}",
        f"Canonical: {absolute_url(PATH)}",
    )
    response = Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
