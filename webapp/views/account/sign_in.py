"""How somebody signs in: their address and their password."""

import secrets

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clicks.recording import seen_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.email_address import ChangeEmailForm
from webapp.forms.password import ChangePasswordForm
from webapp.mailed_links import draw_link
from webapp.passwords import hash_password
from webapp.queries.mailed_links import last_mailed_at, waiting_email
from webapp.queries.people import holds_what_may_be_anothers
from webapp.services.email_addresses import UnconfirmedAddressError, ask_to_change_email, ask_to_verify
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.mailed_links import end_links
from webapp.services.password_changes import mail_password_link, set_password
from webapp.signed_in import own_row, sign_in_browser
from webapp.views.mail_limit_words import mailed_too_often, seconds_to_wait
from webapp.web import render, safe_next

bp = Blueprint("sign_in", __name__, url_prefix="/sign-in")


@bp.get("")
def show() -> Response:
    return _page()


@bp.post("/verification")
def create_verification() -> ResponseReturnValue:
    """Mail the link that confirms the address once more."""
    if current_user.email_verified_at is None:
        link_id, token = draw_link("verify_email")
        try:
            with write_transaction() as session:
                ask_to_verify(session, own_row(session), link_id=link_id, token=token, now=utc_now())
        except MailedTooOftenError as often:
            return _refused(_page(problem=mailed_too_often(often), status=429), often)
        flash(_("A mail is on its way to %(email)s. Open the link in it.", email=current_user.email))
    return redirect(safe_next(request.args.get("next")) or url_for(".show"), code=303)


@bp.get("/password")
def edit_password() -> Response:
    return _password_page(ChangePasswordForm(formdata=None))


@bp.post("/password")
def update_password() -> ResponseReturnValue:
    form = ChangePasswordForm()
    if not form.validate_on_submit():
        return _password_page(form, status=422)
    password_hash, token, seen = hash_password(form.password.data), secrets.token_urlsafe(32), seen_now()
    with write_transaction() as session:
        user = own_row(session)
        set_password(session, user, password_hash, utc_now())
        # Everybody who was signed in no longer is; this browser goes on, under a new name of its own.
        sign_in_browser(session, user, token, seen=seen, now=utc_now())
    flash(_("Your password is changed. All other browsers are signed out."))
    return redirect(url_for(".show"), code=303)


@bp.post("/password/link")
def create_password_link() -> ResponseReturnValue:
    """Mail whoever has no password a link to choose one: being signed in is not enough for that."""
    link_id, token = draw_link("reset_password")
    try:
        with write_transaction() as session:
            mail_password_link(session, own_row(session), link_id=link_id, token=token, now=utc_now())
    except MailedTooOftenError as often:
        return _refused(_page(problem=mailed_too_often(often), status=429), often)
    flash(_("A mail is on its way to %(email)s. Open the link in it.", email=current_user.email))
    return redirect(url_for(".show"), code=303)


@bp.get("/email")
def edit_email() -> Response:
    return _email_page(ChangeEmailForm(formdata=None))


@bp.post("/email")
def update_email() -> ResponseReturnValue:
    form = ChangeEmailForm()
    if not form.validate_on_submit():
        return _email_page(form, status=422)
    link_id, token = draw_link("change_email")
    try:
        with write_transaction() as session:
            user = own_row(session)
            ask_to_change_email(session, user, form.email.data, link_id=link_id, token=token, now=utc_now())
    except UnconfirmedAddressError:
        return _email_page(form, status=422)
    except MailedTooOftenError as often:
        form.email.errors = [mailed_too_often(often)]
        return _refused(_email_page(form, status=429), often)
    flash(_("A mail is on its way to %(email)s. Open the link in it.", email=form.email.data))
    return redirect(url_for(".show"), code=303)


@bp.post("/email/withdrawal")
def withdraw_email() -> ResponseReturnValue:
    with write_transaction() as session:
        end_links(session, current_user.id, "change_email", now=utc_now())
    flash(_("Your address stays as it is."))
    return redirect(url_for(".show"), code=303)


def _page(*, problem: str = "", status: int = 200) -> Response:
    is_verified = current_user.email_verified_at is not None
    return render(
        "account/sign_in/show.html",
        status=status,
        problem=problem,
        mailed_at=None if is_verified else last_mailed_at(db.session(), current_user.id, "verify_email"),
        asked_email=waiting_email(db.session(), current_user.id, utc_now()),
    )


def _refused(page: Response, often: MailedTooOftenError) -> Response:
    page.headers["Retry-After"] = str(seconds_to_wait(often))
    return page


def _password_page(form: ChangePasswordForm, *, status: int = 200) -> Response:
    return render("account/sign_in/password.html", form=form, status=status)


def _email_page(form: ChangeEmailForm, *, status: int = 200) -> Response:
    return render(
        "account/sign_in/email.html",
        form=form,
        stays=holds_what_may_be_anothers(db.session(), current_user),
        status=status,
    )
