"""Who may enter. Each audience's blueprint calls one of these before every request."""

from flask import abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.models.user import ROLES
from webapp.web import load_program


def require_role(*roles: str) -> ResponseReturnValue | None:
    """Let a signed-in person with one of these roles pass; send others to sign in, or refuse them.

    The role is read from the database at every request, so a change counts at once.
    """
    if not current_user.is_authenticated:
        target = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
        return redirect(url_for("public.sessions.new", next=target), code=302)
    # What is not everybody's is for those who run this program; another one on the same site has staff of its own.
    for_staff = set(roles) != set(ROLES)
    if current_user.role not in roles or (for_staff and current_user.program_id != load_program().id):
        abort(403)
    return None


def needs_second_factor(role: str) -> bool:
    """Say whether people with this role have to have a second factor on this site."""
    required: bool = current_app.config["ADMIN_SECOND_FACTOR_REQUIRED"]
    return required and role == "admin"


def require_second_factor() -> ResponseReturnValue | None:
    """Lead whoever has to have a second factor, and has none, to where it is set up. For after `require_role`."""
    if current_user.second_factor_since is not None or not needs_second_factor(current_user.role):
        return None
    if request.headers.get("HX-Request") == "true":
        # A part of a page is no place for it: the whole page goes there.
        return "", 204, {"HX-Redirect": url_for("account.second_factor.show")}
    reads = request.method in {"GET", "HEAD"}
    target = request.full_path.rstrip("?") if reads else None
    return redirect(url_for("account.second_factor.show", next=target), code=302 if reads else 303)
