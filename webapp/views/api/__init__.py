"""The JSON API: the business's own programs report what happened and ask what came of it."""

from flask import Blueprint, Response, request

from webapp.errors import ProblemError
from webapp.extensions import csrf
from webapp.views.api import codes, conversions, credit, disputes, referrals, refunds, rewards, signups, users
from webapp.views.api.calling import require_key

bp = Blueprint("api", __name__, url_prefix="/api/v1")
for noun in (signups, conversions, refunds, disputes, users, credit, referrals, rewards, codes):
    # No browser sends a key by itself, so there is nothing to forge.
    csrf.exempt(noun.bp)
    bp.register_blueprint(noun.bp)


@bp.before_request
def keys_only() -> None:
    require_key()
    # PostgreSQL cannot even be asked for such a name.
    if any("\0" in name for name in (request.view_args or {}).values()):
        raise ProblemError(404, "Nothing has a name with a NUL in it.")


@bp.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
