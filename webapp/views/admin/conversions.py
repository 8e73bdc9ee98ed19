"""What people did, and for each the full trace of why it paid or not."""

import re
from uuid import UUID

from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _

from webapp.domain.explain_for_staff import REASON_LABELS
from webapp.extensions import db
from webapp.models import Program
from webapp.queries.conversion_lists import ConversionFilter, list_conversions
from webapp.queries.conversions import decisions_of
from webapp.queries.conversions import refunds_of as refunded_of
from webapp.queries.rewards import rewards_of_conversion
from webapp.queries.rules import rule_set
from webapp.queries.signups import signup_of, touches_of
from webapp.queries.traces import deeds_of, entries_of, find_conversion, refunds_of
from webapp.views.admin import filters, rule_boxes, traces
from webapp.views.admin.conversion_rows import code_label, conversion_line
from webapp.views.admin.reward_words import type_label
from webapp.views.admin.touches import credit_heading, credit_text, touch_rows
from webapp.web import load_program, page_cursor, render

bp = Blueprint("conversions", __name__, url_prefix="/conversions")

FILTERS = ("q", "person", "type", "referred", "result", "since", "until")
PAID, UNPAID = "paid", "nothing"
_CODE = re.compile(r"[a-z][a-z_]{0,39}")


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    search, (since, until) = filters.search(session, program.id), filters.period(program)
    result, referred = _result(), filters.one_of("referred", ("yes", "no"))
    types = _types(program)
    wanted = ConversionFilter(
        type=filters.one_of("type", types),
        referred=None if referred is None else referred == "yes",
        paid=result == PAID if result in (PAID, UNPAID) else None,
        code=None if result in (PAID, UNPAID) else result,
        person_id=search.person_id,
        text=search.text,
        since=since,
        until=until,
    )
    rows, more = (
        ([], None) if search.found_nobody else list_conversions(session, program.id, wanted, before=page_cursor())
    )
    codes = [*REASON_LABELS, *([result] if result and result not in (PAID, UNPAID, *REASON_LABELS) else [])]
    return render(
        "admin/conversions/index.html",
        part="admin/conversions/_rows.html",
        conversions=[conversion_line(row) for row in rows],
        search=search,
        filters=filters.kept(FILTERS),
        types=[(name, type_label(name)) for name in types],
        results=[(PAID, _("Paid something")), (UNPAID, _("Paid nothing"))],
        codes=[(code, code_label(code)) for code in codes],
        next_cursor=str(more) if more else None,
    )


@bp.get("/<uuid:conversion_id>")
def show(conversion_id: UUID) -> Response:
    session, program = db.session(), load_program()
    about = find_conversion(session, program.id, conversion_id)
    if about is None:
        abort(404)
    decisions, all_rewards = decisions_of(session, about.id), rewards_of_conversion(session, about.id)
    # Those that the change of a referral ended are history; only what holds is counted and priced again.
    rewards, ids = [reward for reward in all_rewards if reward.holds], [reward.id for reward in all_rewards]
    signup = signup_of(session, program.id, about.person_id) if about.person_id else None
    touches = touches_of(session, signup.decision_id) if signup else []
    deeds, entries = deeds_of(session, ids), entries_of(session, ids)
    refunds = refunds_of(session, about.id, about.amount.currency if about.amount and about.amount.minor else None)
    boxes = rule_boxes.rule_boxes(decisions)
    return render(
        "admin/conversions/show.html",
        heading=traces.heading(about, rewards),
        summary=traces.summary(about, decisions),
        name=traces.short_name(about),
        event_id=about.event_id,
        late_by=about.recorded_at if (about.recorded_at - about.occurred_at).days >= 1 else None,
        signup=signup,
        credit_heading=credit_heading(signup) if signup else traces.no_signup(about),
        credit_text=credit_text(signup, touches) if signup else "",
        touches=touch_rows(signup, touches) if signup else [],
        boxes=boxes,
        rules_heading=rule_boxes.rules_heading(boxes),
        without_rule=rule_boxes.without_rule(decisions),
        asked_again=rule_boxes.asked_again(decisions, about.decided),
        holds=traces.holds(rewards, about),
        ledger=traces.ledger(entries),
        ledger_owners=traces.ledger_owners(entries),
        since=traces.since(deeds, refunds, all_rewards, {entry.reward_id: entry.owner_name for entry in entries}),
        shares=traces.shares(rewards, about),
        recomputed=traces.recomputed(about, decisions, rewards, refunded_of(session, about.id)),
    )


def _types(program: Program) -> list[str]:
    """Return the types that are to choose from: those that everybody has, and those that rules are about."""
    rules = rule_set(db.session(), program.id, program.rules_revision).latest()
    asked = request.args.get("type", "")
    own = {version.definition.trigger for version in rules} | ({asked} if _CODE.fullmatch(asked) else set())
    return ["signup", "purchase", "renewal", *sorted(own - {"signup", "purchase", "renewal"})]


def _result() -> str | None:
    value = request.args.get("result", "")
    return value if _CODE.fullmatch(value) else None
