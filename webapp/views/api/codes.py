"""Whose code it is."""

from flask import Blueprint, Response

from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.queries.links import find_live_link
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.presenting import respond
from webapp.web import absolute_url

bp = Blueprint("codes", __name__, url_prefix="/codes")


@bp.get("/<code>")
def show(code: str) -> Response:
    link = find_live_link(db.session(), caller().program_id, code)
    if link is None:
        raise ProblemError(404, "No link has this code, or it was retired.")
    return respond(
        answers.Code(code=link.code, referrer_id=link.referrer_id, referral_url=absolute_url(f"/r/{link.code}"))
    )
