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
    if not _is_utf_8(request.environ["PATH_INFO"]):
        raise ProblemError(404, "Nothing has a name that is not text in UTF-8.")


@bp.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_utf_8(path: str) -> bool:
    """Say whether a path is text, as WSGI gives it: each byte as a letter. By now what is none was replaced in it."""
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
