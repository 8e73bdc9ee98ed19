"""A link from the business's own site signs a referrer in."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webapp.clicks.counting import is_ahead_of_time
from webapp.clicks.recording import person_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.services.sign_in_links import use_sign_in_link
from webapp.views.public.entering import enter, go_on
from webapp.web import hide_address, render

bp = Blueprint("sign_in_links", __name__, url_prefix="/sign-in")
bp.after_request(hide_address)


@bp.get("/<token>")
def use(token: str) -> ResponseReturnValue:
    """Use the link up and sign in, unless nobody has asked for the page yet.

    A second factor is asked for here as well: the business's site does not know it.
    """
    if request.method == "HEAD" or is_ahead_of_time(request.environ):
        return "", 204
    seen = person_now()
    with write_transaction() as session:
        user = use_sign_in_link(session, token, utc_now())
        target = enter(session, user, seen, linked=True) if user else None
    if target is None:
        return render("public/sign_in_links/over.html", status=410)
    return go_on(target, seen)
