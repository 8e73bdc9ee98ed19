"""The bare address of the site: everyone is sent to where their work begins."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.web import start_url

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return redirect(url_for("public.sessions.new"))
    return redirect(start_url(current_user.role))
