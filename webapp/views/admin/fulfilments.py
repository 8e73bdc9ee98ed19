"""Handing over a reward that is neither money, store credit nor a coupon."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.fulfilment import FulfilmentForm
from webapp.queries.reward_lists import ListedReward, find_rewards
from webapp.services.fulfilments import NotFulfillableError, fulfil_reward
from webapp.services.reward_decisions import UnknownRewardError
from webapp.services.reward_steps import Actor
from webapp.views.admin.reward_rows import reward_line
from webapp.web import load_program, render

bp = Blueprint("fulfilments", __name__, url_prefix="/rewards/<uuid:reward_id>/fulfilment")


@bp.get("")
def new(reward_id: UUID) -> Response:
    return _page(_find(reward_id), FulfilmentForm(formdata=None))


@bp.post("")
def create(reward_id: UUID) -> ResponseReturnValue:
    form, row = FulfilmentForm(), _find(reward_id)
    if not form.validate_on_submit():
        return _page(row, form, status=422)
    program_id, actor = load_program().id, Actor("person", current_user.id)
    try:
        with write_transaction() as session:
            fulfil_reward(session, program_id, reward_id, note=form.note.data or "", actor=actor, now=utc_now())
    except UnknownRewardError:
        abort(404)
    except NotFulfillableError:
        return _page(_find(reward_id), form, status=422)
    flash(_("The reward of %(name)s is fulfilled.", name=row.beneficiary_name), "good")
    return redirect(url_for("admin.rewards.show", reward_id=reward_id), code=303)


def can_be_fulfilled(row: ListedReward) -> bool:
    """Say whether somebody can hand a reward over."""
    return row.kind == "custom" and row.status == "approved"


def _page(row: ListedReward, form: FulfilmentForm, *, status: int = 200) -> Response:
    return render(
        "admin/fulfilments/new.html",
        status=status,
        form=form,
        reward=reward_line(row),
        is_possible=can_be_fulfilled(row),
    )


def _find(reward_id: UUID) -> ListedReward:
    rows = find_rewards(db.session(), load_program().id, [reward_id])
    if not rows:
        abort(404)
    return rows[0]
