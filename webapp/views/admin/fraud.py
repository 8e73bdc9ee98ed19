"""Cases: what waits to be decided, each with its evidence, decided one by one or several at once."""

from collections.abc import Mapping, Sequence
from typing import get_args
from uuid import UUID

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES, Choice
from webapp.domain.signal_registry import Category
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.case import CASE_CHOICES, CaseForm
from webapp.forms.reward_decision import DecisionForm
from webapp.models import Program
from webapp.queries.appeals import appeals_about
from webapp.queries.cases import CaseKey, OpenCase, Order, held_in, in_order, names_in, open_cases
from webapp.queries.directory import find_person
from webapp.queries.reward_lists import find_rewards
from webapp.services.cases import decide_cases
from webapp.services.reward_decisions import UnknownRewardError
from webapp.views.admin.case_page import case_page, decided_page
from webapp.views.admin.case_words import case_line
from webapp.views.admin.reward_decisions import (
    MOST,
    confirm,
    decision_form,
    nothing_selected,
    say_what_came_of_it,
    selected_rewards,
)
from webapp.web import load_program, render

bp = Blueprint("fraud", __name__, url_prefix="/fraud")

PAGE = 30
CATEGORIES: tuple[Category, ...] = get_args(Category)
CATEGORY = f"any({','.join(CATEGORIES)})"


@bp.get("")
def index() -> Response:
    program, order = load_program(), _order()
    cases = _queue(program, order)
    try:
        skipped = max(0, int(request.args.get("skip", 0)))
    except ValueError:
        abort(404)
    shown = cases[skipped : skipped + PAGE]
    names = names_in(db.session(), program.id, [case.key for case in shown]) if shown else {}
    more = skipped + PAGE if len(cases) > skipped + PAGE else None
    return render(
        "admin/fraud/index.html",
        part="admin/fraud/_rows.html",
        heading=_heading(len(cases)),
        cases=[case_line(case, names[case.key], **_by(order)) for case in shown],
        order=order,
        next_url=url_for(".index", skip=more, **_by(order)) if more else None,
    )


@bp.get("/decision")
def new() -> Response:
    choice, keys = CHOICES.get(request.args.get("choice", "")), _keys(request.args.getlist("case"))
    rewards = held_in(db.session(), load_program().id, *keys)
    if choice is None or choice.name not in CASE_CHOICES or not rewards:
        return nothing_selected(url_for(".index"))
    ids = [one.id for one in rewards[:MOST]]
    form = decision_form(choice, ids, formdata=None, data={"choice": choice.name})
    return _confirm(form, choice, ids, beyond=max(0, len(rewards) - MOST))


@bp.post("/decision")
def create() -> ResponseReturnValue:
    choice = CHOICES.get(request.form.get("choice", ""))
    seen = dict(selected_rewards(request.form.getlist("reward")))
    if choice is None or choice.name not in CASE_CHOICES or not seen:
        return nothing_selected(url_for(".index"), status=422)
    form = decision_form(choice, list(seen))
    if not form.validate_on_submit():
        return _confirm(form, choice, list(seen), seen=seen, status=422)
    _decide(choice, seen, reason=(form.reason.data or None) if "reason" in form else None, note=form.note.data or "")
    return redirect(url_for(".index"), code=303)


@bp.get(f"/<uuid:referrer_id>/<{CATEGORY}:category>")
def show(referrer_id: UUID, category: str) -> Response:
    return _page(CaseKey(referrer_id, category), CaseForm(formdata=None, data={"choice": "release"}))


@bp.post(f"/<uuid:referrer_id>/<{CATEGORY}:category>")
def decide(referrer_id: UUID, category: str) -> ResponseReturnValue:
    key, form = CaseKey(referrer_id, category), CaseForm()
    seen = dict(selected_rewards(request.form.getlist("reward")))
    is_valid = form.validate_on_submit()
    if is_valid and form.choice.data == "release" and not form.note.data and _answers(list(seen)):
        form.note.errors = [_("An appeal is answered with a reason: write it here.")]
        is_valid = False
    if is_valid and not seen:
        form.form_errors.append(_("Tick at least one reward. Nothing was decided yet."))
    if not is_valid or not seen:
        return _page(key, form, seen=seen, status=422)
    before = [case.key for case in _queue(load_program(), _order())]
    choice = CHOICES[form.choice.data]
    _decide(choice, seen, reason=form.reason.data if choice.reason is None else None, note=form.note.data or "")
    after = {case.key for case in open_cases(db.session(), load_program().id)}
    return redirect(_next_url(key, before, after), code=303)


def _answers(ids: Sequence[UUID]) -> bool:
    """Say whether somebody waits for an answer about any of these rewards."""
    return any(appeal.is_open for appeal in appeals_about(db.session(), ids))


def _decide(choice: Choice, seen: Mapping[UUID, int], *, reason: str | None, note: str) -> None:
    program_id, by = load_program().id, current_user.id
    try:
        with write_transaction() as session:
            outcomes = decide_cases(
                session,
                program_id,
                choice,
                seen,
                reason=reason,
                note=note,
                by=by,
                now=utc_now(),
            )
    except UnknownRewardError:
        abort(404)
    say_what_came_of_it(choice, outcomes, find_rewards(db.session(), program_id, list(seen)))


def _page(key: CaseKey, form: CaseForm, *, seen: Mapping[UUID, int] | None = None, status: int = 200) -> Response:
    session, program = db.session(), load_program()
    queue = _queue(program, _order())
    keys = [case.key for case in queue]
    if key not in keys:
        referrer = find_person(session, program.id, key.referrer_id)
        if referrer is None:
            abort(404)
        return render(
            "admin/fraud/decided.html",
            status=status,
            next_url=_case_url(keys[0]) if keys else None,
            **decided_page(session, program, key, referrer),
        )
    place = keys.index(key)
    return render(
        "admin/fraud/show.html",
        status=status,
        form=form,
        here=_case_url(key),
        place=number(place + 1),
        of=number(len(keys)),
        next_url=_case_url(keys[(place + 1) % len(keys)]) if len(keys) > 1 else None,
        **case_page(session, program, queue[place], seen, by=current_user.id),
    )


def _next_url(key: CaseKey, before: Sequence[CaseKey], after: set[CaseKey]) -> str:
    """Return where to go after a decision: to the same case while anything is held in it, else to the next one."""
    if key in after:
        return _case_url(key)
    place = before.index(key) if key in before else -1
    following = [*before[place + 1 :], *before[: max(0, place)]]
    return next((_case_url(one) for one in following if one in after), url_for(".index"))


def _confirm(
    form: DecisionForm,
    choice: Choice,
    ids: Sequence[UUID],
    *,
    seen: dict[UUID, int] | None = None,
    beyond: int = 0,
    status: int = 200,
) -> Response:
    elsewhere = {"action": url_for(".create"), "above": (url_for(".index"), _("Cases"))}
    if choice.name == "reject":
        elsewhere["consequence"] = _("Nothing is paid, and friends who are doubted are refused from now on.")
    return confirm(form, choice, ids, seen=seen, beyond=beyond, status=status, **elsewhere)


def _queue(program: Program, order: Order) -> list[OpenCase]:
    """Read what waits, once; the side bar counts the same."""
    cases = open_cases(db.session(), program.id)
    g.open_cases = len(cases)
    return in_order(cases, order, currency=program.currency)


def _order() -> Order:
    return "age" if request.args.get("by") == "age" else "money"


def _by(order: Order) -> dict[str, str]:
    return {"by": "age"} if order == "age" else {}


def _case_url(key: CaseKey) -> str:
    return url_for(".show", referrer_id=key.referrer_id, category=key.category, **_by(_order()))


def _keys(values: Sequence[str]) -> list[CaseKey]:
    found = []
    for value in values[:PAGE]:
        name, _colon, category = value.partition(":")
        try:
            found.append(CaseKey(UUID(name), _category(category)))
        except ValueError:
            abort(404)
    return found


def _category(name: str) -> Category:
    """Return a kind of case by its name. Raises ValueError."""
    return CATEGORIES[CATEGORIES.index(name)]


def _heading(count: int) -> str:
    if not count:
        return _("Nothing to decide")
    return ngettext("%(count)s case to decide", "%(count)s cases to decide", count, count=number(count))
