"""The second step of signing in: a code from the app, or a recovery code."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.clicks.recording import person_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.recovery_codes import FEW
from webapp.extensions import db
from webapp.forms.code import CodeForm
from webapp.limits import CodesClosedError
from webapp.models import User
from webapp.queries.second_factor import count_recovery_codes
from webapp.second_factor import counted, is_app_code, use_code
from webapp.services.second_factor import tell_of_recovery_code, warn_of_guessing
from webapp.signed_in import half_signed_in, is_half_linked
from webapp.views.code_words import codes_closed, seconds_closed, wrong_code
from webapp.views.public.entering import enter_for_good, go_on
from webapp.web import render, safe_next

bp = Blueprint("sign_in_codes", __name__, url_prefix="/login/code")


@bp.get("", strict_slashes=False)
def new() -> ResponseReturnValue:
    if half_signed_in(db.session(), now=utc_now()) is None:
        return _begin_again()
    return _page(CodeForm(formdata=None))


@bp.post("", strict_slashes=False)
def create() -> ResponseReturnValue:
    user, form = half_signed_in(db.session(), now=utc_now()), CodeForm()
    if user is None:
        return _begin_again()
    if not form.validate_on_submit():
        return _page(form, status=422)
    typed: str = form.code.data
    try:
        with counted(user, typed) as attempt:
            answer = _try(typed)
            attempt.failed = answer is None
    except CodesClosedError as refused:
        return _closed(user, form, refused)
    if answer is None:
        form.code.errors = [wrong_code(typed)]
        return _page(form, status=422)
    return answer


def _try(typed: str) -> ResponseReturnValue | None:
    """Use the code up and sign in, both or neither; None when it is not good."""
    seen, left = person_now(), None
    with write_transaction() as session:
        # Asked again: what was true before waiting for one's turn may no longer be.
        user = half_signed_in(session, lock=True, now=utc_now())
        if user is None or not use_code(session, user, typed, utc_now()):
            return None
        if not is_app_code(typed):
            left = count_recovery_codes(session, user.id)
            tell_of_recovery_code(session, user, utc_now())
        target = enter_for_good(session, user, seen, target=request.args.get("next"), linked=is_half_linked())
    if left is not None and left <= FEW:
        # Where that is said, and where new ones are made.
        target = url_for("account.second_factor.show", next=target)
    return go_on(target, seen)


def _closed(user: User, form: CodeForm, refused: CodesClosedError) -> Response:
    """Say when codes are read again. Who asks for them knows the password, so its owner is told."""
    with write_transaction() as session:
        warn_of_guessing(session, session.get_one(User, user.id), utc_now())
    form.code.errors = [codes_closed(refused)]
    response = _page(form, status=429)
    response.headers["Retry-After"] = str(seconds_closed(refused))
    return response


def _begin_again() -> ResponseReturnValue:
    return redirect(url_for("public.sessions.new", next=safe_next(request.args.get("next")), late=1), code=303)


def _page(form: CodeForm, *, status: int = 200) -> Response:
    response = render(
        "public/sign_in_codes/new.html",
        status=status,
        form=form,
        action=url_for(".create", next=safe_next(request.args.get("next"))),
    )
    # There is no session that would say so.
    response.headers["Cache-Control"] = "no-store"
    return response
