"""Pages of a signed-in person about their own links and friends."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.models.user import ROLES
from webapp.views.guards import require_role
from webapp.views.referrer import appeals, dashboard, links, referrals, rewards, statements
from webapp.web import keep_out_of_caches

bp = Blueprint("referrer", __name__, url_prefix="/dashboard")
for noun in (dashboard, links, referrals, statements, rewards, appeals):
    bp.register_blueprint(noun.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def signed_in_only() -> ResponseReturnValue | None:
    return require_role(*ROLES)
