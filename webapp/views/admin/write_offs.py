"""Writing off what is owed of a reward: first what that does in money, then the deed itself."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.formatting import money
from webapp.forms.write_off import WriteOffForm
from webapp.queries.reward_lists import ListedReward, find_rewards
from webapp.queries.rewards import find_reward
from webapp.services.write_offs import OwedChangedError, UnknownRewardError, write_off_what_is_owed
from webapp.views.admin.reward_rows import reward_line
from webapp.web import load_program, render

bp = Blueprint("write_offs", __name__, url_prefix="/rewards/<uuid:reward_id>/write-off")


@bp.get("")
def new(reward_id: UUID) -> Response:
    row, owed = _find(reward_id)
    return _page(WriteOffForm(formdata=None, data={"owed": owed.minor}), row, owed)


@bp.post("")
def create(reward_id: UUID) -> ResponseReturnValue:
    row, owed = _find(reward_id)
    form = WriteOffForm()
    if not form.validate_on_submit() or form.owed.data is None:
        return _page(form, row, owed, status=422)
    try:
        with write_transaction() as session:
            done = write_off_what_is_owed(
                session,
                load_program().id,
                reward_id,
                seen_minor=form.owed.data,
                note=form.note.data or "",
                by=current_user.id,
                now=utc_now(),
            )
    except UnknownRewardError:
        abort(404)
    except OwedChangedError:
        row, owed = _find(reward_id)
        form.owed.process_data(owed.minor)
        form.owed.raw_data = None
        return _page(form, row, owed, changed=True, status=409)
    flash(_("%(amount)s are written off. Nobody is asked for them any more.", amount=money(done.amount)), "good")
    return redirect(url_for("admin.rewards.show", reward_id=reward_id), code=303)


def _find(reward_id: UUID) -> tuple[ListedReward, Money]:
    """Return a reward of the program, and what is owed of it: nothing where something is owed to the person."""
    session = db.session()
    rows = find_rewards(session, load_program().id, [reward_id])
    theirs = find_reward(session, rows[0].beneficiary_id, reward_id) if rows else None
    if theirs is None:
        abort(404)
    return rows[0], Money(max(0, theirs.owed_minor), theirs.currency)


def _page(form: WriteOffForm, row: ListedReward, owed: Money, *, changed: bool = False, status: int = 200) -> Response:
    values = {"amount": money(owed), "name": row.beneficiary_name}
    return render(
        "admin/write_offs/new.html",
        status=status,
        form=form,
        reward=reward_line(row),
        owed=owed.minor,
        amount=money(owed),
        changed=changed,
        heading=_("Write off %(amount)s that %(name)s owes?", **values)
        if owed.minor
        else _("%(name)s owes nothing for this reward", name=row.beneficiary_name),
        keeps_before=money(row.kept),
        keeps_after=money(Money(row.kept.minor + owed.minor, owed.currency)),
    )
