"""A browser before it has a name: the cookie that holds its random, signed id."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, current_app, request

from webapp.ids import new_id
from webapp.signing import read_id, sign_id

COOKIE = "gv_visitor"
DAY_SECONDS = 86_400


def may_remember(consent_mode: str, environ: Mapping[str, Any]) -> bool:
    """Say whether a click may be remembered in the browser of a request. Global Privacy Control always says no."""
    return consent_mode == "cookie" and environ.get("HTTP_SEC_GPC") != "1"


def known_visitor() -> UUID | None:
    """Return the visitor whom the cookie names; None without one, or with one that we did not sign."""
    return read_id("visitor", request.cookies.get(COOKIE, ""))


def new_visitor() -> UUID:
    """Return a new id. It tells when it was made, as the click itself does, so that the newest stand together."""
    return new_id()


def forget(response: Response) -> None:
    """End the visitor: the browser has a name now, and its clicks have had their say."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


def remember(response: Response, visitor_id: UUID, window_days: int) -> None:
    """Set the cookie for as long as a click can earn a credit."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.headers.add("Set-Cookie", cookie_header(sign_id("visitor", visitor_id), window_days, secure=secure))


def cookie_header(value: str, window_days: int, *, secure: bool) -> str:
    """Return the header that sets the cookie. The value is a signed id, which holds nothing to be quoted."""
    flags = "Secure; HttpOnly" if secure else "HttpOnly"
    return f"{COOKIE}={value}; Max-Age={window_days * DAY_SECONDS}; {flags}; Path=/; SameSite=Lax"
