"""Invitations of people who have no password yet: sent again, or withdrawn."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.mailed_links import draw_link
from webapp.models import User
from webapp.queries.directory import find_person
from webapp.services.invitations import INVITATION, HasPasswordError, NotInvitedError, invite_again, withdraw
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.roles import NoLongerAdminError
from webapp.views.mail_limit_words import mailed_too_often
from webapp.web import load_program

bp = Blueprint("invitations", __name__, url_prefix="/users/<uuid:user_id>/invitation")


@bp.post("")
def create(user_id: UUID) -> ResponseReturnValue:
    """Send it, for the first time or again."""
    person, (link_id, token), category = _find(user_id), draw_link(INVITATION), "left"
    try:
        with write_transaction() as session:
            invited = session.get_one(User, person.id)
            invite_again(session, invited, link_id=link_id, token=token, by=current_user.id, now=utc_now())
            said = _("A mail with a new link is on its way to %(name)s. It is good for seven days.", name=invited.name)
        category = "good"
    except NoLongerAdminError:
        abort(403)
    except MailedTooOftenError as often:
        said = mailed_too_often(often)
    except HasPasswordError:
        said = _("They have a password by now, so there is nothing to invite them to.")
    flash(said, category)
    return redirect(url_for("admin.users.show", user_id=user_id), code=303)


@bp.post("/withdrawal")
def withdrawal(user_id: UUID) -> ResponseReturnValue:
    person, is_gone, category = _find(user_id), False, "left"
    name = person.name
    try:
        with write_transaction() as session:
            is_gone = withdraw(session, session.get_one(User, person.id), by=current_user.id, now=utc_now())
            said = _("The invitation of %(name)s is withdrawn.", name=name)
            more = (
                _("Their account is gone; the address is free again.")
                if is_gone
                else _("Their account stays, and nobody can sign in to it.")
            )
        category = "good"
    except NoLongerAdminError:
        abort(403)
    except HasPasswordError:
        said, more = _("%(name)s has a password by now.", name=name), _("Change the role instead.")
    except NotInvitedError:
        said, more = _("There is no invitation of %(name)s to withdraw.", name=name), ""
    flash(f"{said} {more}".strip(), category)
    target = url_for("admin.users.index") if is_gone else url_for("admin.users.show", user_id=user_id)
    return redirect(target, code=303)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None:
        abort(404)
    return person
