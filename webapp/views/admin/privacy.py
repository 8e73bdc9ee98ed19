"""What somebody may ask for: all that is kept of them, and that it is erased. Also people who cannot sign in."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.privacy import ErasureForm, ExportForm
from webapp.models import User
from webapp.queries.directory import find_person
from webapp.queries.erasures import left_by
from webapp.services.audit import record_act
from webapp.services.erasure import REASONS, ErasureRefusedError
from webapp.views.admin.case_words import called
from webapp.views.erasing import changed_meanwhile, erase, loss_of, refusal
from webapp.views.handing_out import export_response
from webapp.web import load_program, render

bp = Blueprint("privacy", __name__, url_prefix="/users/<uuid:user_id>/privacy")


@bp.get("/export")
def edit(user_id: UUID) -> Response:
    return _export_page(_find(user_id), ExportForm(formdata=None))


@bp.post("/export")
def export(user_id: UUID) -> ResponseReturnValue:
    """Answer with the file, and keep in the audit log that it was handed out."""
    person, form = _find(user_id), ExportForm()
    if not form.validate_on_submit():
        return _export_page(person, form, status=422)
    with write_transaction() as session:
        about = {"subject": "user", "subject_id": user_id, "by": current_user.id}
        record_act(session, load_program().id, "person_exported", **about, now=utc_now())
    return export_response(user_id, to_themselves=False)


@bp.get("/erasure")
def new(user_id: UUID) -> Response:
    return _erasure_page(_find(user_id), ErasureForm(formdata=None))


@bp.post("/erasure")
def create(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), ErasureForm()
    if user_id == current_user.id:
        # On their own pages, where they read what they lose.
        return redirect(url_for("account.privacy.new"), code=303)
    loss = loss_of(left_by(db.session(), user_id))
    form.is_money_open = loss.open is not None
    if not form.validate_on_submit() or loss.problem:
        return _erasure_page(person, form, status=422)
    if form.seen.data != loss.seen:
        return _erasure_page(
            person,
            form,
            problem=changed_meanwhile(),
            status=422,
        )
    try:
        erase(user_id, by=current_user.id, reason=form.reason.data, gives_up=bool(form.gives_up.data))
    except ErasureRefusedError as error:
        return _erasure_page(_find(user_id), form, problem=refusal(error), status=422)
    flash(_("Everything that told who this was has been erased. The books keep what happened."))
    return redirect(url_for("admin.users.show", user_id=user_id), code=303)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None or person.erased_at is not None:
        abort(404)
    return person


def _export_page(person: User, form: ExportForm, *, status: int = 200) -> Response:
    return render("admin/privacy/edit.html", person=person, called=called(person.name), form=form, status=status)


def _erasure_page(person: User, form: ErasureForm, *, problem: str = "", status: int = 200) -> Response:
    loss = loss_of(left_by(db.session(), person.id))
    form.seen.data = loss.seen
    form.reason.choices = [("", _("Choose one")), *((code, _(label)) for code, label in REASONS.items())]
    return render(
        "admin/privacy/new.html",
        person=person,
        called=called(person.name),
        form=form,
        loss=loss,
        problem=problem or loss.problem,
        status=status,
    )
