"""Which person a browser is signed in as.

The cookie holds a random token; the server keeps its hash with an end, so that
a session can be ended from either side. Whoever has a second factor is half
signed in between the password and the code: the cookie, which is signed, says
who, and no session exists yet.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import flask
from flask import Flask, abort, redirect, url_for
from flask_login import current_user, login_user, logout_user
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.extensions import db, login_manager
from webapp.models import User
from webapp.queries.people import find_by_session
from webapp.services.queues import queue_for
from webapp.services.sessions import end_session, start_session, token_hash
from webapp.services.sightings import UNSEEN, Seen

# How long the code may come after the password.
HALF_LIFETIME = timedelta(minutes=5)
# How long setting an app up may take, once the password was typed for it.
SEED_LIFETIME = timedelta(minutes=15)

_FIELD = "browser"
_LINKED = "linked"
_HALF = "half"
_SEED = "seed"


def sign_in_browser(
    session: Session, user: User, token: str, *, seen: Seen = UNSEEN, linked: bool = False, now: datetime
) -> None:
    """Start a session for this browser, in the caller's write transaction, and end the one it had.

    Whatever else was in its cookie is dropped. `seen` is what the browser is, for the list of sessions. `linked` says
    that nobody showed anything but a link of the business's own site, which is enough for a referrer alone.
    """
    if former := flask.session.get(_FIELD):
        end_session(session, former, now)
    start_session(session, user, token, now, seen=seen)
    flask.session.clear()
    flask.session[_FIELD] = token
    if linked:
        flask.session[_LINKED] = True
    flask.session.permanent = True
    login_user(user)


def is_linked() -> bool:
    """Say whether this browser is signed in by a link of the business's own site."""
    return _LINKED in flask.session


def half_sign_in(user: User, *, linked: bool = False, now: datetime) -> None:
    """Remember in this browser that somebody knew the password, for a few minutes. It is signed in as it was before.

    `linked` is as for `sign_in_browser`.
    """
    half = {"user": user.id.hex, "at": int(now.timestamp()), "of": _fingerprint(user)}
    flask.session[_HALF] = half | ({_LINKED: True} if linked else {})


def half_signed_in(session: Session, *, lock: bool = False, now: datetime) -> User | None:
    """Return who has still to type a code in this browser.

    None when nobody has, when that took too long, when the password was changed since, and when none is asked for.
    `lock` lets whoever changes the password at this moment do so before or after, and not meanwhile.
    """
    half = flask.session.get(_HALF)
    if not half or not 0 <= now.timestamp() - half["at"] < HALF_LIFETIME.total_seconds():
        return None
    locked = {"key_share": True} if lock else None
    user = session.get(User, UUID(hex=half["user"]), with_for_update=locked, populate_existing=lock)
    if user is None or user.second_factor_since is None or user.erased_at is not None:
        return None
    return user if hmac.compare_digest(_fingerprint(user), half["of"]) else None


def is_half_linked() -> bool:
    """Say whether it was such a link that half signed this browser in, and no password."""
    return _LINKED in flask.session.get(_HALF, {})


def keep_seed(user: User, seed: bytes, *, now: datetime) -> None:
    """Keep what an app is made from in this browser alone, until a code shows that the app works."""
    about = {"user": user.id.hex, "at": int(now.timestamp()), "moves": user.second_factor_since is not None}
    flask.session[_SEED] = {**about, "seed": seed.hex()}


def kept_seed(user: User, *, now: datetime) -> bytes | None:
    """Return what was kept for this person; None when nothing was, or too long ago.

    What was kept while a password was enough is not for taking the place of an app that is in force by now.
    """
    kept = flask.session.get(_SEED)
    if not kept or kept["user"] != user.id.hex or not 0 <= now.timestamp() - kept["at"] < SEED_LIFETIME.total_seconds():
        return None
    return bytes.fromhex(kept["seed"]) if kept["moves"] is (user.second_factor_since is not None) else None


def forget_seed() -> None:
    """Drop what was kept: the app is in force now."""
    flask.session.pop(_SEED, None)


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


def own_row(session: Session) -> User:
    """Return whoever is signed in, in a write transaction, to be changed.

    Whoever was erased while this request waited for its turn is signed in no more: nothing is written about them anew.
    Nor is a browser that was signed out meanwhile, as by another password: it would act for whom it shuts out.
    """
    user = session.get_one(User, current_user.id)
    # Names first, as whoever erases them or changes their address holds them. Who only refers to the row, as friends
    # who join and acts in the audit log do, waits for nobody.
    queue_for(session, user.program_id, f"links:{user.id}", f"mailbox:{user.mailbox_key}")
    session.refresh(user, with_for_update={"key_share": True})
    if user.erased_at is not None:
        abort(403)
    if find_by_session(session, token_hash(flask.session[_FIELD]), utc_now()) is None:
        abort(redirect(url_for("public.sessions.new"), code=303))
    return user


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


def _fingerprint(user: User) -> str:
    """Return what tells one password of a person from another: a change of it ends what was begun with the former."""
    key = flask.current_app.config["SECRET_KEY"].encode()
    return hmac.digest(key, f"grapevine.half {user.id} {user.password_hash}".encode(), "sha256").hex()[:32]


@login_manager.user_loader
def _load_user(user_id: str) -> User | None:
    token = flask.session.get(_FIELD)
    if not token:
        return None
    user = find_by_session(db.session(), token_hash(token), utc_now())
    if user is None or str(user.id) != user_id:
        return None
    if user.role != "referrer" and is_linked():
        # Of staff the business's own site vouches for nobody: they sign in themselves.
        return None
    # Kept apart: after a failure the row itself can no longer be asked.
    flask.g.chosen_language = user.language
    return user
