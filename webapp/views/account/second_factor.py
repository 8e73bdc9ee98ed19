"""A second factor for one's own sign-in: an app is set up, turned off, and recovery codes are shown once."""

import secrets
from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug import Response as AnyResponse

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.recovery_codes import FEW, draw_codes
from webapp.extensions import db
from webapp.forms.code import CodeForm, PasswordAndCodeForm, PasswordForm
from webapp.limits import CodesClosedError
from webapp.models import User
from webapp.queries.second_factor import count_recovery_codes
from webapp.queries.sessions import count_other_sessions
from webapp.second_factor import SEED_OCTETS, counted, grouped, secret_of, setup_address, setup_qr, step_of, use_code
from webapp.services.second_factor import (
    AlreadyOnError,
    NotVerifiedError,
    move,
    replace_recovery_codes,
    turn_off,
    turn_on,
)
from webapp.services.sessions import token_hash
from webapp.signed_in import browser_token, forget_seed, keep_seed, kept_seed, own_row
from webapp.views.code_words import codes_closed, seconds_closed, wrong_code
from webapp.views.guards import needs_second_factor
from webapp.web import load_program, render, safe_next

bp = Blueprint("second_factor", __name__, url_prefix="/second-factor")


@bp.get("")
def show() -> Response:
    return _page(PasswordForm(formdata=None))


@bp.post("")
def begin() -> ResponseReturnValue:
    """Draw the seed of an app, which stays in this browser's cookie until a code proves that the app works."""
    form = PasswordForm()
    if current_user.second_factor_since is not None or current_user.email_verified_at is None:
        return redirect(url_for(".show", next=_next()), code=303)
    if not form.validate_on_submit():
        return _page(form, status=422)
    keep_seed(current_user, secrets.token_bytes(SEED_OCTETS), now=utc_now())
    return redirect(url_for(".new", next=_next()), code=303)


@bp.get("/new")
def new() -> ResponseReturnValue:
    return _setup_page(CodeForm(formdata=None))


@bp.post("/new")
def create() -> ResponseReturnValue:
    """Answer with the recovery codes themselves: they stand on no page that could be opened again."""
    seed, form = kept_seed(current_user, now=utc_now()), CodeForm()
    if seed is None or not form.validate_on_submit():
        return _setup_page(form, status=422)
    step = step_of(secret_of(current_user.id, seed), form.code.data, utc_now())
    if step is None:
        form.code.errors = [
            _("This is not what the app should show now. Look again, and see that the telephone’s clock is right.")
        ]
        return _setup_page(form, status=422)
    return _move(seed, step) if current_user.second_factor_since else _turn_on(seed, step)


def _turn_on(seed: bytes, step: int) -> ResponseReturnValue:
    codes = draw_codes(secrets.choice)
    try:
        with write_transaction() as session:
            turn_on(session, own_row(session), seed=seed, step=step, codes=codes, now=utc_now())
    except (AlreadyOnError, NotVerifiedError):
        return redirect(url_for(".show"), code=303)
    forget_seed()
    return _codes_page(codes, just_on=True)


def _move(seed: bytes, step: int) -> ResponseReturnValue:
    with write_transaction() as session:
        moved = move(session, own_row(session), seed=seed, step=step, now=utc_now())
    forget_seed()
    if moved:
        flash(_("The codes of the new app count from now on, and those of the former one no longer."))
    return redirect(url_for(".show", next=_next()), code=303)


@bp.get("/move")
def ask_move() -> ResponseReturnValue:
    return _asking_page("move", PasswordAndCodeForm(formdata=None))


@bp.post("/move")
def begin_move() -> ResponseReturnValue:
    """Draw the seed of another app for whoever typed both factors."""
    form = PasswordAndCodeForm()
    refused = _refused("move", form, lambda _session, _user: None)
    if refused is not None:
        return refused
    keep_seed(current_user, secrets.token_bytes(SEED_OCTETS), now=utc_now())
    return redirect(url_for(".new"), code=303)


@bp.get("/recovery-codes")
def edit_codes() -> ResponseReturnValue:
    return _asking_page("recovery_codes", PasswordAndCodeForm(formdata=None))


@bp.post("/recovery-codes")
def update_codes() -> ResponseReturnValue:
    """Answer with the new codes themselves, as `create` does."""
    form, codes = PasswordAndCodeForm(), draw_codes(secrets.choice)
    refused = _refused(
        "recovery_codes", form, lambda session, user: replace_recovery_codes(session, user, codes, utc_now())
    )
    return _codes_page(codes) if refused is None else refused


@bp.get("/end")
def ask_end() -> ResponseReturnValue:
    return _asking_page("end", PasswordAndCodeForm(formdata=None))


@bp.post("/end")
def end() -> ResponseReturnValue:
    form = PasswordAndCodeForm()
    if needs_second_factor(current_user.role):
        return redirect(url_for(".show"), code=303)
    refused = _refused("end", form, lambda session, user: turn_off(session, user, by=user.id, now=utc_now()))
    if refused is not None:
        return refused
    flash(_("The second factor is off. Your password alone signs you in."))
    return redirect(url_for(".show"), code=303)


def _refused(page: str, form: PasswordAndCodeForm, act: Callable[[Session, User], object]) -> AnyResponse | None:
    """Do this for whoever typed both factors, in the transaction that uses the code up; else return the page again."""
    if not form.validate_on_submit():
        return _asking_page(page, form, status=422)
    typed: str = form.code.data
    try:
        with counted(current_user, typed) as attempt:
            with write_transaction() as session:
                user = own_row(session)
                is_good = user.second_factor_since is not None and use_code(session, user, typed, utc_now())
                if is_good:
                    act(session, user)
            attempt.failed = not is_good
    except CodesClosedError as closed:
        form.code.errors = [codes_closed(closed)]
        response = _asking_page(page, form, status=429)
        response.headers["Retry-After"] = str(seconds_closed(closed))
        return response
    if not is_good:
        form.code.errors = [wrong_code(typed)]
        return _asking_page(page, form, status=422)
    return None


def _next() -> str | None:
    return safe_next(request.args.get("next"))


def _page(form: PasswordForm, *, status: int = 200) -> Response:
    left = count_recovery_codes(db.session(), current_user.id) if current_user.second_factor_since else 0
    return render(
        "account/second_factor/show.html",
        status=status,
        form=form,
        since=current_user.second_factor_since,
        left=left,
        few=left <= FEW,
        required=needs_second_factor(current_user.role),
        is_verified=current_user.email_verified_at is not None,
        next=_next(),
    )


def _setup_page(form: CodeForm, *, status: int = 200) -> ResponseReturnValue:
    seed = kept_seed(current_user, now=utc_now())
    if seed is None:
        # Too late, or done: the page before says which.
        return redirect(url_for(".show", next=_next()), code=303)
    secret = secret_of(current_user.id, seed)
    address = setup_address(secret, current_user.email, load_program().name)
    return render(
        "account/second_factor/new.html",
        status=status,
        form=form,
        qr=setup_qr(address),
        address=address,
        secret=grouped(secret),
        moves=current_user.second_factor_since is not None,
        next=_next(),
    )


def _codes_page(codes: list[str], *, just_on: bool = False) -> Response:
    own = browser_token()
    return render(
        "account/second_factor/codes.html",
        status=201,
        codes=codes,
        # A file for the browser to save, without asking us once more.
        file_url="data:text/plain;charset=utf-8," + quote("".join(f"{code}\r\n" for code in codes)),
        just_on=just_on,
        others=count_other_sessions(db.session(), current_user.id, token_hash(own) if own else None, utc_now())
        if just_on
        else 0,
        next=_next(),
    )


def _asking_page(page: str, form: PasswordAndCodeForm, *, status: int = 200) -> AnyResponse:
    if current_user.second_factor_since is None or (page == "end" and needs_second_factor(current_user.role)):
        return redirect(url_for(".show"), code=303)
    return render(f"account/second_factor/{page}.html", status=status, form=form)
