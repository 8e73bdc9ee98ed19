"""Signing in and out."""

import secrets
from hashlib import sha256

from flask import Blueprint, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.mailbox import address_key
from webapp.extensions import db, limiter
from webapp.forms.sign_in import SignInForm
from webapp.models import User
from webapp.network import request_network
from webapp.passwords import LONGEST, hash_password, is_outdated, verify_password
from webapp.queries.people import find_by_email
from webapp.signed_in import sign_in_browser, sign_out_browser
from webapp.web import render, safe_next, start_url

bp = Blueprint("sessions", __name__)


def _failed(_response: Response) -> bool:
    return g.get("sign_in_failed", False)


def _account_and_network() -> str:
    """Name the account by a hash: the limiter's store need not know addresses."""
    email = request.form.get("email", "")[:LONGEST]
    try:
        email = address_key(email)
    except ValueError:
        email = email.casefold()
    return f"{sha256(email.encode('utf-8', 'replace')).hexdigest()[:32]} {request_network()}"


@bp.get("/login")
def new() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")) or start_url(current_user.role))
    return _page(SignInForm(formdata=None))


@bp.post("/login")
@limiter.limit("10 per 15 minutes", key_func=_account_and_network, deduct_when=_failed)
@limiter.limit("30 per 15 minutes", deduct_when=_failed)
def create() -> ResponseReturnValue:
    form = SignInForm()
    email, password = form.email.data or "", form.password.data or ""
    user = find_by_email(db.session(), email)
    # Also without an account, so that the time tells nothing.
    right = verify_password(user.password_hash if user else None, password[:LONGEST])
    if user is None or not right or len(password) > LONGEST or not form.validate():
        g.sign_in_failed = True
        return _page(form, failed=True, status=422)
    user_id, token = user.id, secrets.token_urlsafe(32)
    new_hash = hash_password(password) if is_outdated(user.password_hash) else None
    with write_transaction() as session:
        user = session.get_one(User, user_id)
        user.password_hash = new_hash or user.password_hash
        sign_in_browser(session, user, token, now=utc_now())
    return redirect(safe_next(request.args.get("next")) or start_url(current_user.role), code=303)


@bp.post("/logout")
def destroy() -> ResponseReturnValue:
    with write_transaction() as session:
        sign_out_browser(session, now=utc_now())
    return redirect(url_for(".new"), code=303)


def _page(form: SignInForm, *, failed: bool = False, status: int = 200) -> Response:
    return render(
        "public/sessions/new.html",
        status=status,
        form=form,
        failed=failed,
        action=url_for(".create", next=safe_next(request.args.get("next"))),
    )
