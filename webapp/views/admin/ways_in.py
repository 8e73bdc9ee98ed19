"""Letting somebody back in who lost their app and their codes, or their mailbox."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.email_address import NewAddressForm
from webapp.forms.way_in import SecondFactorEndForm
from webapp.mailed_links import draw_link
from webapp.models import User
from webapp.queries.directory import find_person
from webapp.services.invitations import INVITATION
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.people import EmailTakenError
from webapp.services.roles import NoLongerAdminError
from webapp.services.ways_in import NoWayInError, end_second_factor, give_address, is_admins
from webapp.views.admin.case_words import called
from webapp.views.mail_limit_words import mailed_too_often
from webapp.web import load_program, render

bp = Blueprint("ways_in", __name__, url_prefix="/users/<uuid:user_id>")


@bp.get("/second-factor")
def ask_end(user_id: UUID) -> ResponseReturnValue:
    person = _find(user_id)
    if person.second_factor_since is None:
        return _back(user_id)
    return _page("second_factor", person, SecondFactorEndForm(formdata=None))


@bp.post("/second-factor")
def end(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), SecondFactorEndForm()
    if is_admins(person) or not form.validate_on_submit():
        return _page("second_factor", person, form, status=422)
    try:
        with write_transaction() as session:
            ended = end_second_factor(session, session.get_one(User, user_id), by=current_user.id, now=utc_now())
    except NoLongerAdminError:
        abort(403)
    except NoWayInError:
        return _page("second_factor", _find(user_id), form, status=422)
    if ended:
        flash(_("The second factor of %(name)s is off, and a mail tells them.", name=called(person.name)))
    return _back(user_id)


@bp.get("/address")
def edit_address(user_id: UUID) -> Response:
    return _page("address", _find(user_id), NewAddressForm(formdata=None))


@bp.post("/address")
def update_address(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), NewAddressForm()
    form.known_key = person.email_key
    if is_admins(person) or not form.validate_on_submit():
        return _page("address", person, form, status=422)
    link_id, token = draw_link(INVITATION)
    about = {"link_id": link_id, "token": token, "by": current_user.id, "now": utc_now()}
    try:
        with write_transaction() as session:
            give_address(session, session.get_one(User, user_id), form.email.data, **about)
    except NoLongerAdminError:
        abort(403)
    except NoWayInError:
        return _page("address", _find(user_id), form, status=422)
    except EmailTakenError:
        form.email.errors = [_("This address has an account already.")]
        return _page("address", _find(user_id), form, status=422)
    except MailedTooOftenError as often:
        form.email.errors = [mailed_too_often(often)]
        return _page("address", _find(user_id), form, status=422)
    flash(_("A mail is on its way to %(name)s. Its link is good for seven days.", name=called(person.name)))
    return _back(user_id)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None or person.erased_at is not None:
        abort(404)
    return person


def _page(page: str, person: User, form: NewAddressForm | SecondFactorEndForm, *, status: int = 200) -> Response:
    return render(
        f"admin/ways_in/{page}.html",
        status=status,
        person=person,
        called=called(person.name),
        form=form,
        is_admins=is_admins(person),
    )


def _back(user_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("admin.users.show", user_id=user_id), code=303)
