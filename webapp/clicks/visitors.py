"""A browser before it has a name: the cookie that holds its random, signed id."""

from uuid import UUID

from flask import Response, current_app, request
from werkzeug import Response as BaseResponse

from webapp.domain.consent import ConsentMode, may_set_cookie, mode_for
from webapp.ids import new_id
from webapp.models import Program
from webapp.signing import read_id, sign_id

COOKIE = "gv_visitor"
DAY_SECONDS = 86_400


def consent_mode(program: Program) -> ConsentMode:
    """Return what may be remembered in the browser of this request."""
    return mode_for(program.consent_mode, gpc=request.headers.get("Sec-GPC"))


def known_visitor(program: Program) -> UUID | None:
    """Return the visitor whom the cookie names; None without one, with one that we did not sign, or when it may not
    be read.
    """
    if not may_set_cookie(consent_mode(program)):
        return None
    return read_id("visitor", request.cookies.get(COOKIE, ""))


def new_visitor() -> UUID:
    """Return a new id. It tells when it was made, as the click itself does, so that the newest stand together."""
    return new_id()


def forget(response: Response) -> None:
    """End the visitor: the browser has a name now, and its clicks have had their say."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


def remember(response: BaseResponse, visitor_id: UUID, window_days: int) -> None:
    """Set the cookie for as long as a click can earn a credit."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.headers.add("Set-Cookie", cookie_header(sign_id("visitor", visitor_id), window_days, secure=secure))


def cookie_header(value: str, window_days: int, *, secure: bool) -> str:
    """Return the header that sets the cookie. The value is a signed id, which holds nothing to be quoted."""
    flags = "Secure; HttpOnly" if secure else "HttpOnly"
    return f"{COOKIE}={value}; Max-Age={window_days * DAY_SECONDS}; {flags}; Path=/; SameSite=Lax"
