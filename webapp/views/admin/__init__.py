"""Pages of those who run the program."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.views.admin import audit, keys, overview, rule_changes, settings, users
from webapp.views.guards import require_role
from webapp.web import keep_out_of_caches

bp = Blueprint("admin", __name__, url_prefix="/admin")
for noun in (overview, rule_changes, users, keys, audit, settings):
    bp.register_blueprint(noun.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def admins_only() -> ResponseReturnValue | None:
    return require_role("admin")
