"""A link from the business's own site signs a referrer in."""

import secrets

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from webapp.clicks import visitors
from webapp.clicks.counting import is_ahead_of_time
from webapp.clicks.recording import person_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.services.sightings import record_sighting
from webapp.services.sign_in_links import use_sign_in_link
from webapp.signed_in import sign_in_browser
from webapp.web import hide_address, load_program, render, start_url

bp = Blueprint("sign_in_links", __name__, url_prefix="/sign-in")
bp.after_request(hide_address)


@bp.get("/<token>")
def use(token: str) -> ResponseReturnValue:
    """Use the link up and sign in, unless nobody has asked for the page yet."""
    if request.method == "HEAD" or is_ahead_of_time(request.environ):
        return "", 204
    seen = person_now()
    with write_transaction() as session:
        user = use_sign_in_link(session, token, utc_now())
        if user is not None:
            sign_in_browser(session, user, secrets.token_urlsafe(32), seen=seen, now=utc_now())
            record_sighting(session, user.id, seen, is_signup=False, now=utc_now())
            target = start_url(user.role)
    if user is None:
        return render("public/sign_in_links/over.html", status=410)
    response = redirect(target, code=303)
    if seen.visitor_id:
        visitors.remember(response, seen.visitor_id, load_program().window_days)
    return response
