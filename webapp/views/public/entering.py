"""What every way of signing in ends with: a signed-in browser, or the question for a code."""

import secrets

from flask import redirect, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from webapp.clicks import visitors
from webapp.clock import utc_now
from webapp.models import User
from webapp.services.sightings import Seen, record_sighting
from webapp.signed_in import half_sign_in, sign_in_browser
from webapp.web import load_program, safe_next, start_url


def enter(session: Session, user: User, seen: Seen, *, target: str | None = None, linked: bool = False) -> str:
    """Sign in whoever showed who they are, in the caller's write transaction. Returns where they go on.

    Who has a second factor is signed in nowhere yet and goes to type a code. `target` is where they wanted to go, as
    the request says it, `linked` whether all that they showed is a link of the business's own site.
    """
    if user.second_factor_since is None:
        return enter_for_good(session, user, seen, target=target, linked=linked)
    half_sign_in(user, linked=linked, now=utc_now())
    return url_for("public.sign_in_codes.new", next=safe_next(target))


def enter_for_good(session: Session, user: User, seen: Seen, *, target: str | None = None, linked: bool = False) -> str:
    """Sign in whoever has shown all there is to show, in the caller's write transaction. Returns where they go on."""
    sign_in_browser(session, user, secrets.token_urlsafe(32), seen=seen, linked=linked, now=utc_now())
    record_sighting(session, user.id, seen, is_signup=False, now=utc_now())
    return safe_next(target) or start_url(user.role)


def go_on(target: str, seen: Seen) -> Response:
    """Answer a sign-in: to the next page, in a browser that has a name from now on."""
    response = redirect(target, code=303)
    if seen.visitor_id:
        visitors.remember(response, seen.visitor_id, load_program().window_days)
    return response
