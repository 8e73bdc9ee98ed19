"""Charts and tables for marketers and admins. Nobody's e-mail or address is shown here."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.views.analytics import cohorts, funnel, links, overview, referrers, rewards
from webapp.views.guards import require_role
from webapp.web import keep_out_of_caches

bp = Blueprint("analytics", __name__, url_prefix="/analytics")
for page in (overview, funnel, cohorts, referrers, links, rewards):
    bp.register_blueprint(page.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def marketers_only() -> ResponseReturnValue | None:
    return require_role("marketer", "admin")
