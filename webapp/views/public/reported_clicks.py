"""A page of the business's own site tells that it was opened with a code: the script `grapevine.js` calls this."""

from uuid import UUID

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ServiceUnavailable

from webapp.clicks import visitors
from webapp.clicks.counting import why_not_counted
from webapp.clicks.destinations import Origin, allowed_origins, is_of
from webapp.clicks.recording import current_visit, record_as
from webapp.clicks.visits import fields_of
from webapp.errors import RETRY_SECONDS, ProblemError
from webapp.extensions import csrf, db
from webapp.limits import count_reported_click, count_unknown_code
from webapp.metrics import current_metrics
from webapp.models import Link, Program
from webapp.queries.clicks import link_of, visitor_of
from webapp.queries.links import find_live_link
from webapp.signing import read_id, sign_id
from webapp.views.api.reading import read_body
from webapp.views.api.schemas import Body
from webapp.web import load_program

bp = Blueprint("reported_clicks", __name__, url_prefix="/t/clicks")
# No cookie is read, so there is nothing to forge; which site asks is checked by what browsers say of themselves.
csrf.exempt(bp)

SECONDS_OF_PERMISSION = 3600


class ClickBody(Body):
    """What such a page tells. `gv` is the signed id of an earlier click of the same browser, or of this very one."""

    ref: str
    gv: str | None = None
    source_url: str | None = None
    url: str | None = None


@bp.before_request
def own_sites_only() -> None:
    if not is_of(request.headers.get("Origin", ""), _origins()):
        raise ProblemError(403, "Only the landing page’s site, and those that the settings list, may tell clicks.")
    g.own_site = request.headers["Origin"]


@bp.after_request
def let_own_sites_read(response: Response) -> Response:
    response.vary.add("Origin")
    if "own_site" in g:
        response.headers["Access-Control-Allow-Origin"] = g.own_site
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = "Content-Type"
            response.headers["Access-Control-Max-Age"] = str(SECONDS_OF_PERMISSION)
    return response


@bp.post("")
def create() -> ResponseReturnValue:
    count_reported_click()
    program, body = load_program(), read_body(ClickBody, as_text=True)
    link = find_live_link(db.session(), program.id, body.ref)
    if link is None:
        count_unknown_code()
        raise ProblemError(404, "No link has this code, or it was retired.")
    answer = {"gv": None, "consent": visitors.consent_mode(program), "days": program.window_days}
    if reason := why_not_counted(request.environ, by_script=True):
        current_metrics().clicks_not_counted.inc(reason=reason)
        return jsonify(answer)
    earlier = read_id("click", body.gv or "")
    if earlier and _is_of_link(program, earlier, link):
        # The way here led through /r/, or the page was loaded again: it is one and the same click.
        return jsonify({**answer, "gv": body.gv})
    return jsonify({**answer, "gv": sign_id("click", _record(program, link, earlier, body))}), 201


def _is_of_link(program: Program, click_id: UUID, link: Link) -> bool:
    clicked = link_of(db.session(), program.id, click_id)
    return clicked is not None and clicked.id == link.id


def _record(program: Program, link: Link, earlier: UUID | None, body: ClickBody) -> UUID:
    known = visitor_of(db.session(), program.id, earlier) if earlier else None
    visit = current_visit(fields_of(body.url or ""), body.source_url)
    recorded = record_as(program, link, known=known, visit=visit)
    if recorded is None:
        raise ServiceUnavailable(retry_after=RETRY_SECONDS)
    return recorded.click_id


def _origins() -> frozenset[Origin]:
    program = load_program()
    own = current_app.config["BASE_URL"]
    return allowed_origins(program.allowed_hosts, landing_url=program.landing_url, own=own)
