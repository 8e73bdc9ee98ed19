"""A shared link is opened: record the click, then send the visitor on."""

from flask import Blueprint, Response, abort, current_app, request

from webapp.clicks import visitors
from webapp.clicks.destinations import ForeignDestinationError
from webapp.clicks.link_cache import follow
from webapp.clicks.recording import record_visit
from webapp.clicks.visits import utm_fields
from webapp.domain.consent import carries_click, may_set_cookie
from webapp.extensions import db
from webapp.limits import count_unknown_code
from webapp.models import Link, Program
from webapp.queries.links import find_link_to_follow
from webapp.signing import sign_id
from webapp.web import load_program, render

bp = Blueprint("clicks", __name__)


@bp.get("/r/<code>", strict_slashes=False)
def create(code: str) -> Response:
    """Send a visitor on. `webapp.clicks.fast_path` answers the same in front of Flask, as long as all is ordinary."""
    link = find_link_to_follow(db.session(), code)
    if link is None:
        count_unknown_code()
        return render("public/clicks/unknown.html", status=404)
    program = _program_of(link)
    # Read before the click is written: after a failure the rows would be asked for again.
    followed = follow(program, link, own=current_app.config["BASE_URL"])
    try:
        target = followed.led_to(request.args["to"]) if "to" in request.args else followed.target
    except ForeignDestinationError:
        abort(400)
    mode = visitors.consent_mode(program)
    recorded = record_visit(program, link)
    carried = recorded.click_id if recorded and carries_click(mode, elsewhere=target.is_elsewhere) else None
    response = Response(status=302)
    response.headers["Location"] = target.url(
        visitor_utm=utm_fields(request.args), click=sign_id("click", carried) if carried else None
    )
    response.headers["Cache-Control"] = "no-store"
    if recorded and may_set_cookie(mode):
        visitors.remember(response, recorded.visitor_id, followed.window_days)
    return response


def _program_of(link: Link) -> Program:
    """Return the program that a link belongs to, which is this site's own but for the sandbox."""
    program = load_program()
    return program if program.id == link.program_id else db.session().get_one(Program, link.program_id)
