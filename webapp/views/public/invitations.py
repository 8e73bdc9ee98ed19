"""Accepting an invitation: whoever opens its link chooses a password."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.clicks.recording import person_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.roles import ROLE_MEANINGS, ROLE_NAMES
from webapp.extensions import db
from webapp.forms.invitation import AcceptForm
from webapp.mailed_links import is_signed
from webapp.models import User
from webapp.passwords import hash_password
from webapp.queries.invitations import inviter_of
from webapp.services.invitations import INVITATION, accept, find_invitation
from webapp.services.people import change_profile
from webapp.views.public.entering import enter, go_on
from webapp.web import asked_language, hide_address, render

bp = Blueprint("invitations", __name__, url_prefix="/invitation")
bp.after_request(hide_address)


@bp.get("/<token>")
def new(token: str) -> Response:
    """Show who invites, and use nothing up: programs that look at mails open their links too."""
    person = _whose(token)
    return _page(person, token, AcceptForm(formdata=None)) if person else _over()


@bp.post("/<token>")
def create(token: str) -> ResponseReturnValue:
    person = _whose(token)
    if person is None:
        return _over()
    form = AcceptForm().for_person(person.name, person.email)
    if not form.validate_on_submit():
        return _page(person, token, form, status=422)
    # Before the transaction: it takes as long as a sign-in.
    password_hash, seen = hash_password(form.password.data), person_now()
    with write_transaction() as session:
        accepted = accept(session, token, password_hash, utc_now())
        if accepted:
            change_profile(session, accepted, name=accepted.name, language=asked_language() or accepted.language)
        target = enter(session, accepted, seen) if accepted else None
    return go_on(target, seen) if target else _over()


def _whose(token: str) -> User | None:
    return find_invitation(db.session(), token, utc_now()) if is_signed(INVITATION, token) else None


def _page(person: User, token: str, form: AcceptForm, *, status: int = 200) -> Response:
    return render(
        "public/invitations/new.html",
        status=status,
        form=form,
        token=token,
        person=person,
        inviter=inviter_of(db.session(), person.id),
        role_name=ROLE_NAMES[person.role],
        role_meaning=ROLE_MEANINGS[person.role],
        somebody_else=current_user.name if current_user.is_authenticated else None,
    )


def _over() -> Response:
    return render("public/invitations/over.html", status=410)
