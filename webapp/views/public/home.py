"""The bare address of the site: everyone is sent to where their work begins."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

bp = Blueprint("home", __name__)

START_PAGES = {
    "referrer": "referrer.dashboard.index",
    "marketer": "analytics.overview.index",
    "admin": "admin.overview.index",
}


@bp.get("/")
def index() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return redirect(url_for("public.sessions.new"))
    return redirect(url_for(START_PAGES[current_user.role]))
