"""Rewards of everybody: the list, and the story of each."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.money import Money
from webapp.domain.reward_decisions import choices_for
from webapp.domain.rewards import STATUSES
from webapp.extensions import db
from webapp.formatting import money, number, say
from webapp.models import Conversion, Program, User
from webapp.queries.appeals import appealed_among
from webapp.queries.cases import doubts_behind, held_rewards
from webapp.queries.conversions import decisions_behind
from webapp.queries.coupon_pools import codes_of
from webapp.queries.paging import UnknownCursorError
from webapp.queries.reward_lists import CurrencySum, ListedReward, RewardFilter, find_rewards, list_rewards, sums_of
from webapp.queries.rewards import RewardRow, contexts_of, find_reward, history_of, parts_of
from webapp.queries.rules import rule_set
from webapp.queries.traces import RewardDeed, deeds_of
from webapp.views.admin import filters
from webapp.views.admin.appeal_words import appeal_cards
from webapp.views.admin.decision_words import choice_cards
from webapp.views.admin.fulfilments import can_be_fulfilled
from webapp.views.admin.reward_rows import reward_line, reward_lines, what_for
from webapp.views.admin.reward_words import SIDES, actor_text, deed_text, plain_day
from webapp.views.admin.reward_words import STATUSES as STATUS_LABELS
from webapp.views.admin.suspicion_words import suspicion
from webapp.views.referrer.reward_cards import (
    RewardPart,
    history_line,
    reward_card,
    reward_parts,
    share_of_that,
    steps_to_payment,
    tells_of_anothers_order,
)
from webapp.views.worth import worth_text
from webapp.web import load_program, page_cursor, render

bp = Blueprint("rewards", __name__, url_prefix="/rewards")

FILTERS = ("q", "person", "status", "rule", "side", "currency", "since", "until")


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    wanted, search = _wanted(session, program)
    try:
        rows, more = (
            ([], None) if search.found_nobody else list_rewards(session, program.id, wanted, before=page_cursor())
        )
    except UnknownCursorError:
        abort(404)
    wants_more = request.headers.get("HX-Request") == "true"
    sums = [] if wants_more or search.found_nobody else sums_of(session, program.id, wanted)
    set_filters = filters.kept(FILTERS)
    return render(
        "admin/rewards/index.html",
        part="admin/rewards/_rows.html",
        heading=_heading(sums, filtered=bool(set_filters)),
        sums=[worth_text(one.kept, one.kind, one.count) for one in sums],
        rewards=reward_lines(rows),
        search=search,
        filters=set_filters,
        statuses=[(name, STATUS_LABELS[name]()) for name in ("held", *(s for s in STATUSES if s != "held"))],
        sides=[(name, label()) for name, label in SIDES.items()],
        rules=[
            (str(version.rule_id), version.definition.name)
            for version in rule_set(session, program.id, program.rules_revision).latest()
        ],
        currencies=[
            (code, code)
            for code in sorted({program.currency, *(one.kept.currency for one in sums), *_chosen("currency")})
        ],
        next_cursor=str(more) if more else None,
        back=url_for(".index", **set_filters),
    )


@bp.get("/<uuid:reward_id>")
def show(reward_id: UUID) -> Response:
    session, program = db.session(), load_program()
    row = _find(session, program, reward_id)
    theirs = find_reward(session, row.beneficiary_id, row.id)
    decisions = decisions_behind(session, row.conversion_id, bond=row.bond)
    decided = next((one for one in decisions if one.version and one.version.rule_id == row.version.rule_id), None)
    return render(
        "admin/rewards/show.html",
        reward=reward_line(row),
        heading=_("%(amount)s for %(name)s", amount=worth_text(row.granted, row.kind), name=row.beneficiary_name),
        summary=_("%(what)s, by the rule “%(rule)s”.", what=what_for(row), rule=row.version.definition.name),
        rule_key=row.version.definition.key,
        version=row.version.number,
        conversion_id=row.conversion_id,
        arithmetic=[*(say(one) for one in decided.because), *share_of_that(row.granted, decided)] if decided else [],
        sums=_sums(row),
        hold_text=_hold_text(row, utc_now()),
        deeds=[_deed(deed, row.granted.currency) for deed in deeds_of(session, [row.id])],
        choices=choice_cards(row, choices_for(row.status), now=utc_now()),
        owed=_owed(theirs),
        parts=_parts(session, theirs),
        coupon=codes_of(session, [row.id]).get(row.id, "") if row.kind == "coupon" else "",
        case_url=_case_url(session, row),
        can_be_fulfilled=can_be_fulfilled(row),
        suspicion=suspicion(session, session.get_one(Conversion, row.conversion_id).user_id, row.bond),
        appeals=appeal_cards(session, program, [row.id], by=current_user.id),
    )


@bp.get("/<uuid:reward_id>/as-seen")
def as_seen(reward_id: UUID) -> Response:
    """What whoever earns it reads about it, in the very words of their own page."""
    session, program = db.session(), load_program()
    row = _find(session, program, reward_id)
    theirs = find_reward(session, row.beneficiary_id, row.id)
    if theirs is None:
        abort(404)
    context = contexts_of(session, [row.conversion_id])[row.conversion_id]
    behind = decisions_behind(session, row.conversion_id, bond=row.bond)
    decisions = [one for one in behind if one.beneficiary_id == row.beneficiary_id]
    of_rule = [one for one in decisions if one.version and one.version.rule_id == row.version.rule_id]
    return render(
        "admin/rewards/as_seen.html",
        reward=reward_line(row),
        card=reward_card(
            theirs,
            occurred_at=context.occurred_at,
            paid=context.amount,
            refunded_minor=context.refunded_minor,
            decided=of_rule[0] if of_rule else None,
            doubt=doubts_behind(session, [row.id]).get(row.id),
            is_appealed=bool(appealed_among(session, [row.id])),
        ),
        granted=worth_text(row.granted, row.kind),
        is_held_back=tells_of_anothers_order(session, theirs, session.get_one(User, row.beneficiary_id)),
        parts=_parts(session, theirs),
        rule_name=row.version.definition.name,
        steps=steps_to_payment(theirs, signup=context.type == "signup"),
        history=[history_line(step, row.granted.currency) for step in history_of(session, row.id)],
    )


def _wanted(session: Session, program: Program) -> tuple[RewardFilter, filters.Search]:
    search, (since, until) = filters.search(session, program.id), filters.period(program)
    wanted = RewardFilter(
        status=filters.one_of("status", STATUSES),
        rule_id=filters.an_id("rule"),
        side=filters.one_of("side", SIDES),
        currency=next(iter(_chosen("currency")), None),
        person_id=search.person_id,
        text=search.text,
        since=since,
        until=until,
    )
    return wanted, search


def _chosen(name: str) -> set[str]:
    value = request.args.get(name, "")
    return {value} if len(value) == 3 and value.isascii() and value.isupper() else set()


def _heading(sums: list[CurrencySum], *, filtered: bool) -> str:
    count = sum(one.count for one in sums)
    if filtered:
        return ngettext("%(count)s reward is like that", "%(count)s rewards are like that", count, count=number(count))
    return ngettext("%(count)s reward so far", "%(count)s rewards so far", count, count=number(count))


def _find(session: Session, program: Program, reward_id: UUID) -> ListedReward:
    rows = find_rewards(session, program.id, [reward_id])
    if not rows:
        abort(404)
    return rows[0]


def _parts(session: Session, theirs: RewardRow | None) -> list[RewardPart]:
    """Return the rewards that were earned by the same thing, where something was added to the first."""
    if theirs is None:
        return []
    return reward_parts(theirs.id, parts_of(session, theirs), lambda id_: url_for(".show", reward_id=id_))


def _case_url(session: Session, row: ListedReward) -> str:
    """Return the page of the case that a held reward is in; empty for one that is not held."""
    for held in held_rewards(session, [row.id]) if row.status == "held" else ():
        return url_for("admin.fraud.show", referrer_id=held.key.referrer_id, category=held.key.category)
    return ""


def _owed(theirs: RewardRow | None) -> str:
    """Return what is owed of a reward, to be written off; empty for nothing."""
    return money(Money(theirs.owed_minor, theirs.currency)) if theirs and theirs.owed_minor > 0 else ""


def _sums(row: ListedReward) -> list[tuple[str, str]]:
    taken = Money(row.kept.minor - row.granted.minor, row.granted.currency)
    if not taken.minor:
        return []
    return [(_("Granted"), money(row.granted)), (_("Taken back"), money(taken)), (_("Kept"), money(row.kept))]


def _hold_text(row: ListedReward, now: datetime) -> str:
    days = (row.matures_at - row.occurred_at).days
    if not days:
        return _("The rule has no hold.")
    if row.matures_at <= now:
        return ngettext(
            "The hold of %(num)d day was over on %(day)s.",
            "The hold of %(num)d days was over on %(day)s.",
            days,
            day=plain_day(row.matures_at),
        )
    return ngettext(
        "The hold of %(num)d day ends on %(day)s.",
        "The hold of %(num)d days ends on %(day)s.",
        days,
        day=plain_day(row.matures_at),
    )


def _deed(deed: RewardDeed, currency: str) -> dict[str, object]:
    return {"what": deed_text(deed, currency), "who": actor_text(deed), "at": deed.at, "note": deed.note}
