"""The people of the program: who they are, what they may do, and accounts that are made for them."""

import secrets
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.roles import ROLE_GIVEN, ROLE_GROUPS, ROLE_HELD, ROLE_MEANINGS, ROLE_NAMES
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.person import PersonForm, PersonSearchForm, RoleForm
from webapp.forms.typed import searched
from webapp.mailed_links import draw_link
from webapp.models import User
from webapp.models.user import ROLES
from webapp.queries.directory import count_people, find_named, find_person, list_people
from webapp.queries.invitations import count_invited
from webapp.queries.paging import UnknownCursorError
from webapp.services.invitations import INVITATION, invite
from webapp.services.people import EmailTakenError, change_profile
from webapp.services.roles import LastAdminError, NoLongerAdminError, OwnRoleError, UnconfirmedError, change_role
from webapp.services.sessions import end_sessions_of
from webapp.views.admin.person_page import page_of
from webapp.web import asked_language, load_program, page_cursor, render

bp = Blueprint("users", __name__, url_prefix="/users")


@bp.get("")
def index() -> Response:
    named, role = searched(request.args.get("named", "")), request.args.get("role") or None
    invited = "invited" in request.args
    if role is not None and role not in ROLES:
        abort(404)
    if "@" in named:
        # Typed by hand: the links of the page would repeat it.
        named = ""
    return _list_page(PersonSearchForm(formdata=None, named=named), named=named, role=role, invited=invited)


@bp.post("/search")
def search() -> ResponseReturnValue:
    """Lead to whoever is meant. An e-mail address is answered here: it must not stand in an address of this site."""
    form = PersonSearchForm()
    if not form.validate_on_submit():
        return _list_page(form, named="", role=None, status=422)
    named = form.named.data or ""
    person_id = find_named(db.session(), load_program().id, named) if named else None
    if person_id:
        return redirect(url_for(".show", user_id=person_id), code=303)
    if "@" in named:
        form.named.errors = [_("Nobody here has exactly this e-mail address. Look for a part of the name instead.")]
        return _list_page(form, named="", role=None, status=422)
    return redirect(url_for(".index", named=named or None), code=303)


@bp.get("/new")
def new() -> Response:
    return _form_page(PersonForm(formdata=None, role="marketer"))


@bp.post("")
def create() -> ResponseReturnValue:
    """Invite somebody: an account without a password, and a mail with which its owner chooses one."""
    form = PersonForm()
    if not form.validate_on_submit():
        return _form_page(form, status=422)
    link_id, token = draw_link(INVITATION)
    try:
        with write_transaction() as session:
            person = invite(
                session,
                load_program(),
                name=form.name.data,
                email=form.email.data,
                role=form.role.data,
                link_id=link_id,
                token=token,
                choose=secrets.choice,
                by=current_user.id,
                now=utc_now(),
            )
            # The mail is in the language of whoever invites, until they accept in their own.
            change_profile(session, person, name=person.name, language=asked_language())
            person_id, name = person.id, person.name
    except NoLongerAdminError:
        abort(403)
    except EmailTakenError:
        form.email.errors = [
            _("This address has an account already. Look for it among the people; there you can change its role.")
        ]
        return _form_page(form, status=422)
    flash(_("A mail is on its way to %(name)s. Its link is good for seven days.", name=name))
    return redirect(url_for(".show", user_id=person_id), code=303)


@bp.get("/<uuid:user_id>")
def show(user_id: UUID) -> Response:
    person = _find(user_id)
    return render("admin/users/show.html", **page_of(db.session(), load_program(), person, now=utc_now()))


@bp.get("/<uuid:user_id>/role")
def edit_role(user_id: UUID) -> Response:
    return _role_page(_find(user_id))


@bp.post("/<uuid:user_id>/role")
def update_role(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), RoleForm()
    if not form.validate_on_submit():
        return _role_page(person, problem=_("Please choose what the person may do."), status=422)
    role = form.role.data
    try:
        with write_transaction() as session:
            changed = change_role(session, person, role, by=current_user.id, now=utc_now())
            name = person.name
    except NoLongerAdminError:
        abort(403)
    except OwnRoleError:
        return _role_page(
            person, problem=_("You cannot take the admin’s role from yourself. Another admin can."), status=422
        )
    except LastAdminError:
        return _role_page(
            person,
            problem=_("%(name)s is the only admin left, and somebody has to be one.", name=person.name),
            status=422,
        )
    except UnconfirmedError:
        return _role_page(
            person,
            problem=_(
                "%(name)s has not confirmed their e-mail address, so somebody else may have opened this account with"
                " it. Ask them to choose a new password with “Forgotten your password?”: that confirms the address, and"
                " whoever else is signed in is so no longer.",
                name=person.name,
            ),
            status=422,
        )
    if changed:
        held, since = _(ROLE_HELD[role], name=name), _("It counts from their next click on.")
        flash(f"{held}. {since}")
    return redirect(url_for(".show", user_id=user_id), code=303)


@bp.post("/<uuid:user_id>/sign-out")
def sign_out(user_id: UUID) -> ResponseReturnValue:
    person = _find(user_id)
    with write_transaction() as session:
        ended, name = end_sessions_of(session, person, by=current_user.id, now=utc_now()), person.name
    if user_id == current_user.id:
        return redirect(url_for("public.sessions.new"), code=303)
    flash(
        ngettext(
            "%(name)s was signed out of %(count)s browser.",
            "%(name)s was signed out of %(count)s browsers.",
            ended,
            name=name,
            count=number(ended),
        )
        if ended
        else _("%(name)s was signed in nowhere.", name=name)
    )
    return redirect(url_for(".show", user_id=user_id), code=303)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None:
        abort(404)
    return person


def _list_page(
    form: PersonSearchForm, *, named: str, role: str | None, invited: bool = False, status: int = 200
) -> Response:
    session, program = db.session(), load_program()
    try:
        rows, more = list_people(session, program.id, role=role, named=named, invited=invited, before=page_cursor())
    except UnknownCursorError:
        abort(404)
    counts = count_people(session, program.id)
    return render(
        "admin/users/index.html",
        part="admin/users/_rows.html" if status == 200 else None,
        status=status,
        heading=_heading(sum(counts.values())),
        form=form,
        people=rows,
        next_cursor=str(more) if more else None,
        named=named,
        role=role,
        invited=invited,
        now=utc_now(),
        counts=counts,
        count_invited=count_invited(session, program.id),
        role_names=ROLE_NAMES,
        role_groups=ROLE_GROUPS,
    )


def _form_page(form: PersonForm, *, status: int = 200) -> Response:
    return render("admin/users/new.html", status=status, form=form, role_names=ROLE_NAMES, role_meanings=ROLE_MEANINGS)


def _role_page(person: User, *, problem: str = "", status: int = 200) -> Response:
    return render(
        "admin/users/role.html",
        status=status,
        person=person,
        problem=problem,
        own=person.id == current_user.id,
        role_names=ROLE_NAMES,
        role_meanings=ROLE_MEANINGS,
        heading=_(ROLE_HELD[person.role], name=person.name),
        role_given=ROLE_GIVEN,
    )


def _heading(total: int) -> str:
    return ngettext("%(count)s person", "%(count)s people", total, count=number(total))
