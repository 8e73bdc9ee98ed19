"""What everybody who is signed in settles about themselves, whatever their role."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.models.user import ROLES
from webapp.views.account import mails, privacy, profile, second_factor, sessions, sign_in
from webapp.views.guards import require_role
from webapp.web import keep_out_of_caches

bp = Blueprint("account", __name__, url_prefix="/settings")
for noun in (profile, sign_in, second_factor, sessions, mails, privacy):
    bp.register_blueprint(noun.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def signed_in_only() -> ResponseReturnValue | None:
    return require_role(*ROLES)
