"""A shared link is opened: record the click, then send the visitor on."""

from flask import Blueprint, Response, abort, current_app, redirect, request

from webapp.clicks import visitors
from webapp.clicks.destinations import (
    ForeignDestinationError,
    allowed_destination,
    allowed_origins,
    is_elsewhere,
    with_tracking,
)
from webapp.clicks.recording import record_visit
from webapp.clicks.visits import utm_fields
from webapp.extensions import db
from webapp.limits import count_unknown_code
from webapp.models import Link, Program
from webapp.queries.links import find_live_link
from webapp.signing import sign_id
from webapp.web import load_program, render

bp = Blueprint("clicks", __name__)


@bp.get("/r/<code>", strict_slashes=False)
def create(code: str) -> Response:
    program = load_program()
    link = find_live_link(db.session(), program.id, code)
    if link is None:
        count_unknown_code()
        return render("public/clicks/unknown.html", status=404)
    # Read before the click is written: after a failure the rows would be asked for again.
    destination, shown_code, window = _destination(program, link), link.code, program.window
    recorded = record_visit(program, link)
    elsewhere = is_elsewhere(destination, own=_own_address())
    target = with_tracking(
        destination,
        code=shown_code,
        visitor_utm=utm_fields(request),
        click=sign_id("click", recorded.click_id) if recorded and elsewhere else None,
    )
    response = redirect(target, code=302)
    response.headers["Cache-Control"] = "no-store"
    if recorded:
        visitors.remember(response, recorded.visitor_id, window)
    return response


def _destination(program: Program, link: Link) -> str:
    """Return where this request leads: the page asked for by `to`, else the link's own, else the program's."""
    origins = allowed_origins(program.allowed_hosts, landing_url=program.landing_url, own=_own_address())
    if "to" in request.args:
        try:
            return allowed_destination(request.args["to"], origins=origins)
        except ForeignDestinationError:
            abort(400)
    try:
        return allowed_destination(link.destination_url or program.landing_url, origins=origins)
    except ForeignDestinationError:
        # The program no longer leads there; the visitor is not to blame.
        return program.landing_url


def _own_address() -> str:
    address: str = current_app.config["BASE_URL"]
    return address
