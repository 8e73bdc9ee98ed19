"""What a person earned, and one reward with its whole story."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.domain.explain_rewards import decision_for_owner
from webapp.extensions import db
from webapp.formatting import number, say
from webapp.forms.appeal import AppealForm
from webapp.queries.appeals import appeals_about
from webapp.queries.cases import doubts_behind
from webapp.queries.conversions import decisions_behind
from webapp.queries.coupon_pools import codes_of
from webapp.queries.paging import UnknownCursorError
from webapp.queries.rewards import (
    RewardContext,
    RewardRow,
    contexts_of,
    find_reward,
    history_of,
    list_rewards,
    parts_of,
)
from webapp.queries.standing import standings_of
from webapp.views.referrer.appeal_notes import appeal_note, covered_rewards, rewards_to_appeal
from webapp.views.referrer.earnings import capital, what_for
from webapp.views.referrer.reward_cards import (
    history_line,
    reward_card,
    reward_parts,
    stand_of,
    state_label,
    steps_to_payment,
    tells_of_anothers_order,
)
from webapp.views.referrer.reward_filters import month_bounds, reward_filters
from webapp.views.worth import worth_text
from webapp.web import load_program, page_cursor, render

bp = Blueprint("rewards", __name__, url_prefix="/rewards")


@dataclass(frozen=True, slots=True)
class ListedReward:
    """One row of the list."""

    id: UUID
    what: str
    occurred_at: datetime
    status: str
    state_label: str
    amount: str
    ready_at: datetime | None
    # The code that was handed out.
    coupon: str = ""


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    standings = standings_of(session, current_user.id)
    filters = reward_filters(program, standings)
    since, until = month_bounds(filters.month, program) if filters.month else (None, None)
    try:
        rows, more = list_rewards(
            session,
            program.id,
            beneficiary_id=current_user.id,
            status=filters.status or None,
            currency=filters.currency or None,
            since=since,
            until=until,
            before=page_cursor(),
        )
    except UnknownCursorError:
        abort(404)
    contexts = contexts_of(session, [row.conversion_id for row in rows])
    codes = codes_of(session, [row.id for row in rows if row.kind == "coupon"]) if _is_confirmed() else {}
    return render(
        "referrer/rewards/index.html",
        part="referrer/rewards/_rows.html" if "before" in request.args else "referrer/rewards/_list.html",
        heading=_heading(sum(one.count for one in standings)),
        filters=filters,
        rewards=[_listed(row, contexts[row.conversion_id], codes.get(row.id, "")) for row in rows],
        next_cursor=str(more) if more else None,
    )


@bp.get("/<uuid:reward_id>")
def show(reward_id: UUID) -> Response:
    row = find_reward(db.session(), current_user.id, reward_id)
    if row is None:
        abort(404)
    return reward_page(row, AppealForm(formdata=None))


def reward_page(row: RewardRow, form: AppealForm, *, status: int = 200) -> Response:
    """Return the page of a reward; with the form for an appeal where there can be one."""
    session = db.session()
    appeals = appeals_about(session, [row.id])
    to_appeal = [] if appeals else rewards_to_appeal(session, row)
    contexts = contexts_of(session, [row.conversion_id, *(one.conversion_id for one in to_appeal)])
    context = contexts[row.conversion_id]
    behind = decisions_behind(session, row.conversion_id, bond=row.bond)
    decisions = [one for one in behind if one.beneficiary_id == current_user.id]
    of_rule = [one for one in decisions if one.version and one.version.rule_id == row.version.rule_id]
    card = reward_card(
        row,
        occurred_at=context.occurred_at,
        paid=context.amount,
        refunded_minor=context.refunded_minor,
        decided=of_rule[0] if of_rule else None,
        doubt=doubts_behind(session, [row.id]).get(row.id) if row.status == "held" else None,
        is_appealed=bool(appeals),
    )
    granted = worth_text(stand_of(row, context.occurred_at).amount, row.kind)
    is_held_back = tells_of_anothers_order(session, row, current_user)
    return render(
        "referrer/rewards/show.html",
        status=status,
        form=form,
        appeal=appeal_note(appeals[0], row.id) if appeals else None,
        appealable=covered_rewards(to_appeal, contexts),
        reward_id=row.id,
        card=card,
        heading=_("%(amount)s in addition for %(what)s", amount=granted, what=_of(row, context))
        if row.correction
        else _("%(amount)s for %(what)s", amount=granted, what=_of(row, context)),
        granted=granted,
        parts=reward_parts(row.id, parts_of(session, row), lambda id_: url_for(".show", reward_id=id_)),
        coupon=codes_of(session, [row.id]).get(row.id, "") if row.kind == "coupon" else "",
        is_confirmed=_is_confirmed(),
        is_held_back=is_held_back,
        rule_name=row.version.definition.name,
        steps=steps_to_payment(row, signup=context.type == "signup"),
        history=[history_line(step, row.currency) for step in history_of(session, row.id)],
        nothing=[
            (
                one.version.definition.name,
                " ".join(say(sentence) for sentence in decision_for_owner(one.code, one.because)),
            )
            for one in decisions
            if one.version and one.version.rule_id != row.version.rule_id and one.amount is None and not is_held_back
        ],
    )


def _is_confirmed() -> bool:
    """Say whether the reader may have what is worth money by itself: nobody is paid whose address is not confirmed."""
    return current_user.email_verified_at is not None


def _heading(total: int) -> str:
    if not total:
        return _("No rewards yet")
    return ngettext("%(count)s reward so far", "%(count)s rewards so far", total, count=number(total))


def _listed(row: RewardRow, context: RewardContext, coupon: str) -> ListedReward:
    kept = stand_of(row, context.occurred_at).kept
    return ListedReward(
        id=row.id,
        what=_("%(what)s, in addition", what=capital(_of(row, context)))
        if row.correction
        else capital(_of(row, context)),
        occurred_at=context.occurred_at,
        status=row.status,
        state_label=state_label(row),
        amount=worth_text(kept, row.kind),
        ready_at=row.matures_at if row.status == "pending" else None,
        coupon=coupon,
    )


def _of(row: RewardRow, context: RewardContext) -> str:
    # Of a friend who counts for somebody else by now they are not told.
    return what_for(context.type, row.side, context.friend_name if row.holds else None)
