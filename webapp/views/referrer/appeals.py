"""Appealing against a decision about a reward."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.appeals import problem_in_words
from webapp.extensions import db
from webapp.formatting import say
from webapp.forms.appeal import AppealForm
from webapp.queries.rewards import find_reward
from webapp.services.appeals import AppealProblemError, appeal
from webapp.services.reward_decisions import UnknownRewardError
from webapp.views.referrer.rewards import reward_page
from webapp.web import load_program

bp = Blueprint("appeals", __name__, url_prefix="/rewards/<uuid:reward_id>/appeal")


@bp.post("")
def create(reward_id: UUID) -> ResponseReturnValue:
    row = find_reward(db.session(), current_user.id, reward_id)
    if row is None:
        abort(404)
    form = AppealForm()
    if not form.validate_on_submit():
        return reward_page(row, form, status=422)
    program_id, user_id = load_program().id, current_user.id
    try:
        with write_transaction() as session:
            appeal(session, program_id, user_id, reward_id, form.text.data or "", utc_now())
    except UnknownRewardError:
        abort(404)
    except AppealProblemError as error:
        if error.problem != "appealed_before":
            form.form_errors.append(say(problem_in_words(error.problem)))
            return reward_page(row, form, status=422)
        # Sent twice: it is there.
    else:
        flash(_("We have it. A person reads it and decides anew."), "good")
    return redirect(url_for("referrer.rewards.show", reward_id=reward_id), code=303)
