"""What is kept of somebody: to take away, and to have erased."""

import flask
from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, logout_user

from webapp.clicks import visitors
from webapp.extensions import db
from webapp.forms.privacy import ExportForm, OwnErasureForm
from webapp.queries.erasures import left_by
from webapp.queries.people import holds_what_may_be_anothers
from webapp.services.erasure import BY_THEMSELVES, ErasureRefusedError
from webapp.views.erasing import changed_meanwhile, erase, loss_of, refusal
from webapp.views.handing_out import export_response
from webapp.web import render

bp = Blueprint("privacy", __name__, url_prefix="/privacy")


@bp.get("")
def show() -> Response:
    return _page(ExportForm(formdata=None))


@bp.post("/export")
def export() -> ResponseReturnValue:
    """Answer with the file itself: it stands at no address that could be opened again."""
    form = ExportForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    return export_response(current_user.id, to_themselves=True)


@bp.get("/erasure")
def new() -> Response:
    return _erasure_page(OwnErasureForm(formdata=None))


@bp.post("/erasure")
def create() -> ResponseReturnValue:
    form, loss = OwnErasureForm(), loss_of(left_by(db.session(), current_user.id))
    form.is_money_open, form.own_email_key = loss.open is not None, current_user.email_key
    if not form.validate_on_submit() or loss.problem:
        return _erasure_page(form, status=422)
    if form.seen.data != loss.seen:
        return _erasure_page(form, problem=changed_meanwhile(), status=422)
    person_id = current_user.id
    try:
        erase(person_id, by=person_id, reason=BY_THEMSELVES, gives_up=bool(form.gives_up.data))
    except ErasureRefusedError as error:
        return _erasure_page(form, problem=refusal(error), status=422)
    logout_user()
    flask.session.clear()
    flash(_("Everything that told who you were has been erased. Thank you for having been with us."))
    response = redirect(url_for("public.privacy.show"), code=303)
    visitors.forget(response)
    return response


def _page(form: ExportForm, *, status: int = 200) -> Response:
    is_held_back = holds_what_may_be_anothers(db.session(), current_user)
    return render("account/privacy/show.html", form=form, is_held_back=is_held_back, status=status)


def _erasure_page(form: OwnErasureForm, *, problem: str = "", status: int = 200) -> Response:
    loss = loss_of(left_by(db.session(), current_user.id))
    # What stands on this page is what whoever sends it has seen.
    form.seen.data = loss.seen
    return render("account/privacy/new.html", form=form, loss=loss, problem=problem or loss.problem, status=status)
