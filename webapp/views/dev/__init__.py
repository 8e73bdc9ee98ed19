"""Pages for whoever works on Grapevine itself: in development only, and for admins."""

from flask import Blueprint, abort, current_app
from flask.typing import ResponseReturnValue

from webapp.views.dev import mails
from webapp.views.guards import require_role
from webapp.web import keep_out_of_caches

bp = Blueprint("dev", __name__, url_prefix="/dev")
bp.register_blueprint(mails.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def developers_only() -> ResponseReturnValue | None:
    if current_app.extensions["grapevine_config"].production:
        abort(404)
    return require_role("admin")
