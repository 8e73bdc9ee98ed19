"""Which person a browser is signed in as.

The cookie holds a random token; the server keeps its hash with an end, so that
a session can be ended from either side.
"""

from datetime import datetime

import flask
from flask import Flask
from flask_login import login_user, logout_user
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.extensions import db, login_manager
from webapp.models import User
from webapp.queries.people import find_by_session
from webapp.services.sessions import end_session, start_session, token_hash
from webapp.services.sightings import UNSEEN, Seen

_FIELD = "browser"


def sign_in_browser(session: Session, user: User, token: str, *, seen: Seen = UNSEEN, now: datetime) -> None:
    """Start a session for this browser, in the caller's write transaction, and end the one it had.

    Whatever else was in its cookie is dropped. `seen` is what the browser is, for the list of sessions.
    """
    if former := flask.session.get(_FIELD):
        end_session(session, former, now)
    start_session(session, user, token, now, seen=seen)
    flask.session.clear()
    flask.session[_FIELD] = token
    flask.session.permanent = True
    login_user(user)


def sign_out_browser(session: Session, *, now: datetime) -> None:
    """End this browser's session on the server, and forget it in the cookie."""
    token = flask.session.get(_FIELD)
    if token:
        end_session(session, token, now)
    logout_user()
    flask.session.clear()


def browser_token() -> str | None:
    """Return the secret of this browser's session, None when it has none: for ending all the others."""
    token: str | None = flask.session.get(_FIELD)
    return token


def chosen_language() -> str | None:
    """Return the language that whoever is signed in chose, without asking the database who that is.

    Known once the guard of the page has asked; before, and on pages about a failure, the browser's language holds.
    """
    return flask.g.get("chosen_language")


def has_session() -> bool:
    """Say whether the browser claims to be signed in, without asking the database."""
    return _FIELD in flask.session


def init_app(app: Flask) -> None:
    """Teach flask-login to read our sessions."""
    # Templates get `current_user` as it is, unasked: an error page must not ask the database who reads it.
    login_manager.init_app(app, add_context_processor=False)


@login_manager.user_loader
def _load_user(user_id: str) -> User | None:
    token = flask.session.get(_FIELD)
    if not token:
        return None
    user = find_by_session(db.session(), token_hash(token), utc_now())
    if user is None or str(user.id) != user_id:
        return None
    # Kept apart: after a failure the row itself can no longer be asked.
    flask.g.chosen_language = user.language
    return user
