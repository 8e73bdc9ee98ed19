"""Changing who is credited for a friend: asked for, looked at in money, then done."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.referral_changes import REASONS, Kind
from webapp.extensions import db
from webapp.forms.referral_change import ReferralChangeForm
from webapp.models import Link
from webapp.queries.bonds import count_changes
from webapp.queries.directory import find_person
from webapp.queries.named_links import link_named
from webapp.queries.people_search import person_name
from webapp.queries.signups import ListedSignup, find_signup
from webapp.services.referral_changes import ChangedMeanwhileError, ReferralProblemError, Wanted, change_referral
from webapp.services.referral_money import Moved
from webapp.views.admin.referral_change_words import (
    Names,
    button,
    consequences,
    done_text,
    heading,
    problem_text,
)
from webapp.web import load_program, render

bp = Blueprint("referral_changes", __name__, url_prefix="/referrals/<uuid:referral_id>")


class _LookedAtError(Exception):
    """Takes a change back that was only tried, to see what it would do."""


class _OtherTermsError(Exception):
    """Takes a change back that would do something else in money than what was looked at."""

    def __init__(self, moved: Moved) -> None:
        super().__init__(moved)
        self.moved = moved


@bp.get("/credit")
def new(referral_id: UUID) -> Response:
    """Ask whom to credit: somebody else, or somebody where nobody is."""
    return _ask_page(referral_id, removes=False)


@bp.get("/removal")
def new_removal(referral_id: UUID) -> Response:
    """Ask why the credit is taken away."""
    return _ask_page(referral_id, removes=True)


@bp.post("/credit")
def review(referral_id: UUID) -> ResponseReturnValue:
    return _review(referral_id, removes=False)


@bp.post("/removal")
def review_removal(referral_id: UUID) -> ResponseReturnValue:
    return _review(referral_id, removes=True)


@bp.post("/change")
def create(referral_id: UUID) -> ResponseReturnValue:
    signup, form = _find(referral_id), ReferralChangeForm()
    link = _link_of(form)
    if not form.validate_on_submit() or (form.kind.data == "remove") != (link is None):
        return _show_form(form, signup, status=422)
    try:
        with write_transaction() as session:
            moved = _change(session, signup, form, link)
            if moved.terms != form.terms.data:
                raise _OtherTermsError(moved)
    except _OtherTermsError as error:
        return _show_review(form, signup, link, error.moved, is_new=True)
    except ChangedMeanwhileError:
        return _changed_page(signup)
    except ReferralProblemError as error:
        return _refused(form, signup, error)
    flash(done_text(moved, _names(signup, link)), "good")
    return redirect(url_for("admin.referrals.show", referral_id=signup.decision_id), code=303)


def _ask_page(referral_id: UUID, *, removes: bool) -> Response:
    signup = _find(referral_id)
    asked = {"kind": _kind(signup, removes=removes), "seen": str(count_changes(db.session(), signup.friend_id))}
    return _show_form(ReferralChangeForm(formdata=None, data=asked), signup)


def _kind(signup: ListedSignup, *, removes: bool) -> Kind:
    """Say what kind of change is asked for; nothing can be removed where nobody is credited."""
    if removes and signup.referrer_id is None:
        abort(404)
    return "remove" if removes else "assign" if signup.referrer_id is None else "move"


def _review(referral_id: UUID, *, removes: bool) -> ResponseReturnValue:
    """Show what would happen: it is done, looked at and taken back, so that it says what the change itself will do."""
    signup, form, link = _find(referral_id), ReferralChangeForm(), None
    if removes and signup.referrer_id is None:
        return _changed_page(signup)
    form.kind.data = _kind(signup, removes=removes)
    is_valid = form.validate_on_submit()
    if not removes:
        link = _link_typed(form)
    if not is_valid or form.errors:
        return _show_form(form, signup, status=422)
    try:
        moved = _tried(signup, form, link)
    except ChangedMeanwhileError:
        return _changed_page(signup)
    except ReferralProblemError as error:
        return _refused(form, signup, error)
    return _show_review(form, signup, link, moved)


def _show_review(
    form: ReferralChangeForm, signup: ListedSignup, link: Link | None, moved: Moved, *, is_new: bool = False
) -> Response:
    """Show what a change does in money. `is_new` says that it was something else when it was looked at."""
    names = _names(signup, link)
    form.link.data, form.terms.data = str(link.id) if link else "", moved.terms
    return render(
        "admin/referral_changes/review.html",
        status=422 if is_new else 200,
        is_new=is_new,
        form=form,
        signup=signup,
        heading=heading(moved.kind, names),
        code=link.code if link else "",
        reason=REASONS[form.reason.data or ""],
        consequences=consequences(moved, names, now=utc_now()),
        button=button(moved.kind, names),
    )


def _tried(signup: ListedSignup, form: ReferralChangeForm, link: Link | None) -> Moved:
    moved: list[Moved] = []
    try:
        with write_transaction() as session:
            moved.append(_change(session, signup, form, link))
            raise _LookedAtError
    except _LookedAtError:
        return moved[0]


def _change(session: Session, signup: ListedSignup, form: ReferralChangeForm, link: Link | None) -> Moved:
    program = load_program()
    friend = find_person(session, program.id, signup.friend_id)
    if friend is None:
        abort(404)
    wanted = Wanted(
        kind=form.kind.data,  # type: ignore[arg-type]
        link=link,
        seen=_number(form.seen.data or ""),
        reason=form.reason.data or "",
        by=current_user.id,
        note=form.note.data or "",
    )
    return change_referral(session, program, friend, wanted, now=utc_now())


def _number(text: str) -> int:
    """Read how many changes were seen; what is no such number is none that ever was."""
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _find(referral_id: UUID) -> ListedSignup:
    signup = find_signup(db.session(), load_program().id, referral_id)
    if signup is None:
        abort(404)
    return signup


def _link_typed(form: ReferralChangeForm) -> Link | None:
    """Return the link that is meant; the form says why when there is none."""
    text = form.referrer.data or ""
    named = link_named(db.session(), load_program().id, text) if text else None
    if named is not None and named.link is not None:
        return named.link
    if named is None:
        problem = _("Write who is to be credited.")
    elif named.is_ambiguous:
        problem = _("Several people are called like that. Their e-mail address or the code of a link tells them apart.")
    else:
        problem = _("Nobody here has this e-mail address, name or code.")
    form.referrer.errors = [*form.referrer.errors, problem]
    return None


def _link_of(form: ReferralChangeForm) -> Link | None:
    """Return the link that the first step found. None where nobody is to be credited."""
    if not form.link.data:
        return None
    try:
        link = db.session().get(Link, UUID(form.link.data))
    except ValueError:
        abort(404)
    if link is None or link.program_id != load_program().id:
        abort(404)
    return link


def _show_form(form: ReferralChangeForm, signup: ListedSignup, *, status: int = 200) -> Response:
    kind: Kind = form.kind.data if form.kind.data in ("remove", "assign") else "move"
    names = Names(signup.friend_name, signup.referrer_name, None)
    return render(
        "admin/referral_changes/new.html",
        status=status,
        form=form,
        signup=signup,
        removes=kind == "remove",
        heading=heading(kind, names),
        reasons=[(code, _(label)) for code, label in REASONS.items()],
    )


def _refused(form: ReferralChangeForm, signup: ListedSignup, error: ReferralProblemError) -> Response:
    form.referrer.errors = [problem_text(error.problem, signup.friend_name)]
    return _show_form(form, signup, status=422)


def _changed_page(signup: ListedSignup) -> Response:
    return render("admin/referral_changes/changed.html", status=422, signup=signup)


def _names(signup: ListedSignup, link: Link | None) -> Names:
    program_id = load_program().id
    after = person_name(db.session(), program_id, link.referrer_id) if link else None
    return Names(signup.friend_name, signup.referrer_name, after)
