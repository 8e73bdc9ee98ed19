"""A forgotten password, or a first one: asked for by address, set by a mailed link."""

from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.mailbox import address_key
from webapp.extensions import db
from webapp.forms.password import ForgottenPasswordForm, ResetPasswordForm
from webapp.limits import count_password_request
from webapp.mailed_links import is_signed
from webapp.models import User
from webapp.passwords import hash_password
from webapp.services.mailed_links import find_link
from webapp.services.password_changes import request_password, reset_password
from webapp.signed_in import sign_out_browser
from webapp.web import hide_address, load_program, render

bp = Blueprint("passwords", __name__)
bp.after_request(hide_address)


@bp.get("/forgot", strict_slashes=False)
def forgot() -> Response:
    return render("public/passwords/forgot.html", form=ForgottenPasswordForm(formdata=None))


@bp.post("/forgot", strict_slashes=False)
def create_request() -> ResponseReturnValue:
    """Keep what was asked for. A job looks whose address it is: neither this answer nor its time can tell."""
    form = ForgottenPasswordForm()
    if not form.validate_on_submit():
        return render("public/passwords/forgot.html", form=form, status=422)
    count_password_request()
    program_id, email_key = load_program().id, address_key(form.email.data)
    with write_transaction() as session:
        request_password(session, program_id, email_key, utc_now())
    return redirect(url_for(".requested"), code=303)


@bp.get("/forgot/sent")
def requested() -> Response:
    return render("public/passwords/requested.html")


@bp.get("/reset/<token>")
def edit(token: str) -> Response:
    person = _whose(token)
    if person is None:
        return _over()
    return _form_page(ResetPasswordForm(formdata=None, person=person), person, token)


@bp.post("/reset/<token>")
def update(token: str) -> ResponseReturnValue:
    person = _whose(token)
    if person is None:
        return _over()
    form = ResetPasswordForm(person=person)
    if not form.validate_on_submit():
        return _form_page(form, person, token, status=422)
    password_hash = hash_password(form.password.data)
    with write_transaction() as session:
        is_set = reset_password(session, token, password_hash, utc_now()) is not None
        if is_set:
            # Whoever was signed in here signs in anew, with all that is asked for.
            sign_out_browser(session, now=utc_now())
    if not is_set:
        return _over()
    flash(_("Your password is set. Sign in with it."))
    return redirect(url_for("public.sessions.new"), code=303)


def _whose(token: str) -> User | None:
    link = find_link(db.session(), "reset_password", token, utc_now()) if is_signed("reset_password", token) else None
    return db.session().get_one(User, link.user_id) if link else None


def _form_page(form: ResetPasswordForm, person: User, token: str, *, status: int = 200) -> Response:
    return render(
        "public/passwords/edit.html",
        status=status,
        form=form,
        person=person,
        action=url_for(".update", token=token),
    )


def _over() -> Response:
    return render("public/passwords/over.html", status=410)
