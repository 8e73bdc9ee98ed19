"""A browser before it has a name: the cookie that holds its random, signed id."""

from datetime import timedelta
from uuid import UUID, uuid4

from flask import Response, current_app, request

from webapp.signing import read_id, sign_id

COOKIE = "gv_visitor"


def known_visitor() -> UUID | None:
    """Return the visitor whom the cookie names; None without one, or with one that we did not sign."""
    return read_id("visitor", request.cookies.get(COOKIE, ""))


def new_visitor() -> UUID:
    """Return a random id: it must tell nothing, not even when it was made."""
    return uuid4()


def forget(response: Response) -> None:
    """End the visitor: the browser has a name now, and its clicks have had their say."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


def remember(response: Response, visitor_id: UUID, window: timedelta) -> None:
    """Set the cookie for as long as a click can earn a credit."""
    response.set_cookie(
        COOKIE,
        sign_id("visitor", visitor_id),
        max_age=window,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
