"""The browsers that one is signed in with, and ending them."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.sessions import SessionRow, count_other_sessions, find_session, list_sessions
from webapp.services.sessions import end_other_sessions, end_session_of, token_hash
from webapp.signed_in import browser_token, own_row, sign_out_browser
from webapp.web import render

bp = Blueprint("sessions", __name__, url_prefix="/sessions")


@bp.get("")
def index() -> Response:
    whose = (db.session(), current_user.id, _own_hash(), utc_now())
    sessions = list_sessions(*whose)
    # This one too. So many that not all are listed are somebody's experiment: they can be ended together.
    count = count_other_sessions(*whose) + 1
    return render(
        "account/sessions/index.html",
        heading=ngettext(
            "You are signed in on %(count)s browser",
            "You are signed in on %(count)s browsers",
            count,
            count=number(count),
        ),
        sessions=[(row, browser_words(row)) for row in sessions],
    )


@bp.post("/<uuid:session_id>/end")
def end(session_id: UUID) -> ResponseReturnValue:
    row = find_session(db.session(), current_user.id, session_id, _own_hash(), utc_now())
    if row is None:
        abort(404)
    with write_transaction() as session:
        end_session_of(session, current_user.id, session_id, utc_now())
        if row.is_this:
            sign_out_browser(session, now=utc_now())
    if row.is_this:
        return redirect(url_for("public.sessions.new"), code=303)
    flash(_("%(browser)s was signed out.", browser=browser_words(row)))
    return redirect(url_for(".index"), code=303)


@bp.post("/others/end")
def end_others() -> ResponseReturnValue:
    with write_transaction() as session:
        ended = end_other_sessions(session, own_row(session), browser_token(), utc_now())
    flash(
        ngettext(
            "%(count)s other browser was signed out.",
            "%(count)s other browsers were signed out.",
            ended,
            count=number(ended),
        )
        if ended
        else _("You were signed in nowhere else.")
    )
    return redirect(url_for(".index"), code=303)


def browser_words(row: SessionRow) -> str:
    """Name a browser and what it runs on, as far as it told."""
    browser = row.browser or _("A browser")
    if row.device == "phone":
        return _("%(browser)s on a telephone", browser=browser)
    if row.device == "tablet":
        return _("%(browser)s on a tablet", browser=browser)
    if row.device == "desktop":
        return _("%(browser)s on a computer", browser=browser)
    if row.device == "tv":
        return _("%(browser)s on a television", browser=browser)
    return browser


def _own_hash() -> str | None:
    token = browser_token()
    return token_hash(token) if token else None
