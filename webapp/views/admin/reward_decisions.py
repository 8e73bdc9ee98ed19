"""Deciding about rewards: first what is selected and what follows, then the decision itself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.appeals import RELEASES
from webapp.domain.reward_decisions import CHOICES, REJECTIONS, Choice
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.reward_decision import AnswerForm, DecisionForm
from webapp.queries.appeals import appeals_about, kept_from
from webapp.queries.reward_lists import ListedReward, find_rewards
from webapp.services.reward_decisions import Outcome, UnknownRewardError, decide_rewards
from webapp.views.admin.appeal_words import appeal_cards, second_admin_text
from webapp.views.admin.decision_words import button_label, consequence, done_text
from webapp.views.admin.reward_rows import reward_line, reward_lines
from webapp.views.worth import worth_together
from webapp.web import load_program, render, safe_next

bp = Blueprint("reward_decisions", __name__, url_prefix="/rewards/decision")

MOST = 100
# More names than these are a number.
NAMED = 5


@bp.get("")
def new() -> Response:
    choice = CHOICES.get(request.args.get("choice", ""))
    ids = [reward_id for reward_id, _sequence in selected_rewards(request.args.getlist("reward"))]
    if choice is None or not ids:
        return nothing_selected(request.args.get("next"))
    form = decision_form(
        choice, ids, formdata=None, data={"choice": choice.name, "next": safe_next(request.args.get("next")) or ""}
    )
    return confirm(form, choice, ids)


@bp.post("")
def create() -> ResponseReturnValue:
    choice = CHOICES.get(request.form.get("choice", ""))
    selected = dict(selected_rewards(request.form.getlist("reward")))
    if choice is None or not selected:
        return nothing_selected(request.form.get("next"), status=422)
    form = decision_form(choice, list(selected))
    if not form.validate_on_submit():
        return confirm(form, choice, list(selected), seen=selected, status=422)
    program_id, by = load_program().id, current_user.id
    try:
        with write_transaction() as session:
            outcomes = decide_rewards(
                session,
                program_id,
                choice,
                selected,
                reason=(form.reason.data or None) if "reason" in form else None,
                note=form.note.data or "",
                by=by,
                now=utc_now(),
            )
    except UnknownRewardError:
        abort(404)
    say_what_came_of_it(choice, outcomes, find_rewards(db.session(), program_id, list(selected)))
    return redirect(safe_next(form.next.data) or url_for("admin.rewards.index", status="held"), code=303)


def decision_form(choice: Choice, ids: Sequence[UUID], **how: Any) -> DecisionForm:
    """Return the form of a decision: with a reason where it rejects, or answers an appeal."""
    if choice.answers and any(appeal.is_open for appeal in appeals_about(db.session(), ids)):
        return AnswerForm(**how)
    form = DecisionForm(**how)
    if choice.reason is not None:
        del form.reason
    return form


def selected_rewards(values: Sequence[str]) -> list[tuple[UUID, int]]:
    """Read the rewards of a form or an address: each an id, with the number of its newest event behind it if known."""
    found = []
    for value in values[:MOST]:
        name, _colon, number = value.partition(":")
        try:
            found.append((UUID(name), int(number or 0)))
        except ValueError:
            abort(404)
    return found


def confirm(
    form: DecisionForm,
    choice: Choice,
    ids: Sequence[UUID],
    *,
    seen: dict[UUID, int] | None = None,
    beyond: int | None = None,
    status: int = 200,
    **elsewhere: Any,
) -> Response:
    """Show what is selected and what follows. `elsewhere` is what differs where cases were selected."""
    rows = find_rewards(db.session(), load_program().id, ids)
    if len(rows) < len(set(ids)):
        abort(404)
    session, program = db.session(), load_program()
    appeals = appeals_about(session, ids)
    refused: set[UUID] = set()
    if choice.target == "rejected":
        refused = kept_from(session, program, appeals, ids, by=current_user.id, now=utc_now())
    # A form that comes back still decides about what was looked at first.
    possible = [
        row
        for row in rows
        if row.status in choice.of and row.id not in refused and (seen is None or seen[row.id] == row.sequence)
    ]
    left_out = [row for row in rows if row not in possible]
    kept = [row.worth for row in possible]
    about: dict[str, Any] = {
        "action": url_for("admin.reward_decisions.create"),
        "above": (url_for("admin.rewards.index"), _("Rewards")),
        "consequence": consequence(choice, possible, now=utc_now()) if possible else "",
        **elsewhere,
    }
    return render(
        "admin/reward_decisions/new.html",
        status=status,
        form=form,
        heading=_heading(choice, possible),
        button=button_label(choice, kept) if possible else "",
        sums=worth_together(kept),
        rewards=reward_lines(possible),
        left_out=reward_lines(left_out),
        # A form is never longer than what was looked at; an address can name more than one page takes.
        beyond=max(0, len(request.args.getlist("reward")) - MOST) if beyond is None else beyond,
        most=MOST,
        reasons=[
            (code, one.label, one.for_owner)
            for code, one in (RELEASES if isinstance(form, AnswerForm) else REJECTIONS).items()
        ],
        appeals=appeal_cards(session, program, [row.id for row in possible], by=current_user.id) if appeals else [],
        for_another=second_admin_text(program) if refused else "",
        back=safe_next(form.next.data) or about["above"][0],
        **about,
    )


def nothing_selected(back: str | None, *, status: int = 200) -> Response:
    """Answer somebody who chose what to do, but not with what."""
    return render(
        "admin/reward_decisions/nothing.html",
        status=status,
        back=safe_next(back) or url_for("admin.rewards.index"),
    )


def _heading(choice: Choice, rows: Sequence[ListedReward]) -> str:
    if not rows:
        return _("None of these can be decided like that")
    count = len(rows)
    return {
        "release": lambda: ngettext("Release this reward?", "Release %(num)d rewards?", count),
        "approve": lambda: ngettext("Approve this reward now?", "Approve %(num)d rewards now?", count),
        "hold": lambda: ngettext("Hold this reward?", "Hold %(num)d rewards?", count),
        "reject": lambda: ngettext("Reject this reward?", "Reject %(num)d rewards?", count),
    }[choice.name]()


def say_what_came_of_it(choice: Choice, outcomes: Sequence[Outcome], rows: Sequence[ListedReward]) -> None:
    """Say on the next page what was decided, and what was left out."""
    results = {outcome.reward_id: outcome.result for outcome in outcomes}
    decided = [row for row in rows if results.get(row.id) == "done"]
    left_out = [row for row in rows if results.get(row.id) in ("changed", "impossible")]
    if decided:
        flash(done_text(choice, decided), "good")
    if "second_admin" in results.values():
        flash(second_admin_text(load_program()), "left")
    if "reason_missing" in results.values():
        flash(_("What was appealed was left out: an appeal is answered with a reason, so write a note for it."), "left")
    if left_out:
        named = [f"{line.owner}, {line.amount} ({line.state_label})" for line in map(reward_line, left_out[:NAMED])]
        if len(left_out) > NAMED:
            named.append(_more(len(left_out) - NAMED))
        # An address of a page with all of them would be too long.
        what = ngettext(
            "%(num)d reward was left out, because it had changed since you looked:",
            "%(num)d rewards were left out, because they had changed since you looked:",
            len(left_out),
        )
        flash(f"{what} {'; '.join(named)}.", "left")


def _more(count: int) -> str:
    return ngettext("and %(count)s more", "and %(count)s more", count, count=number(count))
