"""Who may enter. Each audience's blueprint calls one of these before every request."""

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user


def require_role(*roles: str) -> ResponseReturnValue | None:
    """Let a signed-in person with one of these roles pass; send others to sign in, or refuse them.

    The role is read from the database at every request, so a change counts at once.
    """
    if not current_user.is_authenticated:
        target = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
        return redirect(url_for("public.sessions.new", next=target), code=302)
    if current_user.role not in roles:
        abort(403)
    return None
