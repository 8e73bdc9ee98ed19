"""Stopping somebody's rewards, and letting them earn again: first what follows, then the deed itself."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.case import BanForm
from webapp.models import User
from webapp.queries.bans import ban_of, open_worth
from webapp.queries.directory import find_person
from webapp.services.bans import ban, unban
from webapp.views.admin.case_words import called, reasons
from webapp.views.admin.reward_words import count_of_rewards
from webapp.views.worth import worth_together
from webapp.web import load_program, render, safe_next

bp = Blueprint("bans", __name__, url_prefix="/users/<uuid:user_id>/ban")


@bp.get("")
def new(user_id: UUID) -> Response:
    return _page(_find(user_id), BanForm(formdata=None))


@bp.post("")
def create(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), BanForm()
    form.reason.choices = [(code, label) for code, label, _words in reasons()]
    if not form.validate_on_submit():
        return _page(person, form, status=422)
    with write_transaction() as session:
        held = ban(session, load_program().id, user_id, reason=form.reason.data, by=current_user.id, now=utc_now())
        name = called(person.name)
    done = _("%(name)s earns no rewards any more.", name=name)
    also = ngettext("%(count)s reward is held.", "%(count)s rewards are held.", held, count=number(held))
    flash(f"{done} {also}" if held else done)
    return redirect(url_for("admin.users.show", user_id=user_id), code=303)


@bp.get("/end")
def edit(user_id: UUID) -> Response:
    person = _find(user_id)
    return _render("admin/bans/edit.html", person, banned=ban_of(db.session(), user_id))


@bp.post("/end")
def end(user_id: UUID) -> ResponseReturnValue:
    person = _find(user_id)
    with write_transaction() as session:
        unban(session, load_program().id, user_id, by=current_user.id, now=utc_now())
        name = called(person.name)
    flash(_("%(name)s earns rewards again. What is held stays so until somebody decides.", name=name))
    return redirect(url_for("admin.users.show", user_id=user_id), code=303)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None:
        abort(404)
    return person


def _page(person: User, form: BanForm, *, status: int = 200) -> Response:
    form.reason.choices = [("", _("Choose one")), *((code, label) for code, label, _words in reasons())]
    banned = ban_of(db.session(), person.id)
    worth = open_worth(db.session(), person.id)
    said = {
        name: (worth_together(each), count_of_rewards(sum(one.count for one in each))) if each else None
        for name, each in worth.items()
    }
    return _render("admin/bans/new.html", person, status=status, form=form, banned=banned, worth=said)


def _render(template: str, person: User, *, status: int = 200, **context: object) -> Response:
    back = safe_next(request.args.get("next")) or url_for("admin.users.show", user_id=person.id)
    return render(template, status=status, person=person, called=called(person.name), back=back, **context)
