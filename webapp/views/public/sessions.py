"""Signing in and out."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests

from webapp.clicks import visitors
from webapp.clicks.recording import person_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.sign_in import SignInForm
from webapp.limits import sign_in_attempt
from webapp.models import User
from webapp.passwords import LONGEST, hash_password, is_outdated, verify_password
from webapp.queries.people import find_by_email
from webapp.services.sightings import UNSEEN, record_sighting
from webapp.signed_in import sign_out_browser
from webapp.views.code_words import seconds_closed
from webapp.views.public.entering import enter, go_on
from webapp.web import load_program, render, safe_next, start_url

bp = Blueprint("sessions", __name__)


@bp.get("/login", strict_slashes=False)
def new() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")) or start_url(current_user.role))
    return _page(SignInForm(formdata=None))


@bp.post("/login", strict_slashes=False)
def create() -> ResponseReturnValue:
    form = SignInForm()
    email, password = form.email.data or "", form.password.data or ""
    try:
        with sign_in_attempt(email) as attempt:
            user = find_by_email(db.session(), email)
            # Also without an account, so that the time tells nothing.
            right = verify_password(user.password_hash if user else None, password[:LONGEST])
            if user is None or not right or len(password) > LONGEST or not form.validate():
                attempt.failed = True
                return _page(form, failed=True, status=422)
    except TooManyRequests as refused:
        return _closed(form, seconds_closed(refused))
    user_id, known_hash, seen = user.id, user.password_hash, person_now()
    new_hash = hash_password(password) if is_outdated(known_hash) else None
    with write_transaction() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        if user.password_hash != known_hash:
            # A password that was changed meanwhile, to shut somebody out perhaps, signs nobody in any more.
            return _page(form, failed=True, status=422)
        user.password_hash = new_hash or user.password_hash
        target = enter(session, user, seen, target=request.args.get("next"))
    return go_on(target, seen)


@bp.post("/logout")
def destroy() -> ResponseReturnValue:
    user_id, seen = (current_user.id, person_now()) if current_user.is_authenticated else (None, UNSEEN)
    with write_transaction() as session:
        sign_out_browser(session, now=utc_now())
        if user_id:
            # Who has just joined never signed in; and nobody joins once more without signing out.
            record_sighting(session, user_id, seen, is_signup=False, now=utc_now())
    response = redirect(url_for(".new"), code=303)
    if seen.visitor_id:
        visitors.remember(response, seen.visitor_id, load_program().window_days)
    return response


def _closed(form: SignInForm, seconds: int) -> Response:
    response = _page(form, closed_minutes=-(-seconds // 60), status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _page(form: SignInForm, *, failed: bool = False, closed_minutes: int = 0, status: int = 200) -> Response:
    return render(
        "public/sessions/new.html",
        status=status,
        form=form,
        failed=failed,
        closed_minutes=closed_minutes,
        late=request.method == "GET" and "late" in request.args,
        action=url_for(".create", next=safe_next(request.args.get("next"))),
    )
