"""Reward rules: the list, one with its history, and letting one pause, go on or end."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.periods import last_days, local_day, window_of
from webapp.domain.rule_words import rule_sentence
from webapp.extensions import db
from webapp.formatting import money, number, say
from webapp.forms.rule import RuleStateForm
from webapp.queries.figures import PERIOD_DAYS
from webapp.queries.limits import used_of
from webapp.queries.rules import State, Version, paid_by_rules, publishings_of, rule_set
from webapp.services.rules import RuleStateError, StaleRuleError, begin_publishing, change_rule_state
from webapp.views.admin import filters
from webapp.views.admin.rule_words import asked_words, facts_of, past_row, rule_row, state_look, version_rows
from webapp.web import load_program, render

bp = Blueprint("rules", __name__, url_prefix="/rules")

ACTS: dict[str, State] = {"pause": "paused", "resume": "live", "end": "ended"}
# From which states each act can be done.
_POSSIBLE = {"pause": ("live",), "resume": ("paused",), "end": ("live", "paused")}


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    if (moment := filters.as_of(program)) is not None:
        return _as_of(moment)
    since = last_days(local_day(utc_now(), program.time_zone), PERIOD_DAYS)[0]
    paid = paid_by_rules(session, program.id, since)
    latest = rule_set(session, program.id, program.rules_revision).latest()
    rows: dict[str, list[Any]] = {"live": [], "paused": [], "ended": []}
    for version in latest:
        # The program's currency first, as everywhere.
        earned = sorted(paid.get(version.rule_id, ()), key=lambda one: one.granted.currency != program.currency)
        rows[version.state].append(rule_row(version, earned))
    return render("admin/rules/index.html", heading=_heading(rows), rules=rows, period_days=PERIOD_DAYS)


@bp.get("/<uuid:rule_id>")
def show(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    latest, program = versions[-1], load_program()
    return render(
        "admin/rules/show.html",
        rule_id=rule_id,
        latest=latest,
        rule=latest.definition,
        state=state_look(latest.state),
        sentence=say(rule_sentence(latest.definition)),
        facts=facts_of(latest.definition),
        versions=version_rows(versions, publishings_of(db.session(), program.id, rule_id)),
        budget=_budget(latest),
        group=[
            (one.rule_id, one.definition.name, state_look(one.state))
            for one in groups_of(rule_id).get(latest.definition.exclusive or "", ())
        ],
        done=_done(request.args.get("done", ""), latest),
    )


@bp.get("/<uuid:rule_id>/<act>")
def ask(rule_id: UUID, act: str) -> ResponseReturnValue:
    latest = _find_for(act, rule_id)
    if latest.state not in _POSSIBLE[act]:
        return redirect(url_for(".show", rule_id=rule_id))
    return _ask(act, latest, RuleStateForm(formdata=None, data={"number": str(latest.number)}))


@bp.post("/<uuid:rule_id>/<act>")
def change_state(rule_id: UUID, act: str) -> ResponseReturnValue:
    latest, form = _find_for(act, rule_id), RuleStateForm()
    if not form.validate():
        return _ask(act, latest, form, status=422)
    try:
        with write_transaction() as session:
            begin_publishing(session, load_program().id)
            change_rule_state(
                session,
                load_program(),
                rule_id,
                ACTS[act],
                after=number_of(form),
                note=form.note.data,
                by=current_user.id,
                now=utc_now(),
            )
    except StaleRuleError as stale:
        form.number.data = str(stale.latest.number)
        return _ask(act, stale.latest, form, stale=True, status=409)
    except RuleStateError:
        return _ask(act, latest, form, stale=True, status=409)
    return redirect(url_for(".show", rule_id=rule_id, done=ACTS[act]), code=303)


def _as_of(asked: filters.AsOf) -> Response:
    """Show the program as it was at a moment: what each rule said then, and until when."""
    program = load_program()
    rules = rule_set(db.session(), program.id, program.rules_revision)
    rows = [past_row(version, rules.of_rule(version.rule_id)) for version in rules.as_of(asked.moment)]
    live = sum(row.rule.state.kind == "rule_live" for row in rows)
    when = asked_words(asked)
    return render(
        "admin/rules/as_of.html",
        heading=ngettext(
            "%(num)s reward rule was live %(moment)s", "%(num)s reward rules were live %(moment)s", live, moment=when
        )
        if live
        else _("No reward rule was live %(moment)s", moment=when),
        rows=sorted(rows, key=lambda row: ("rule_live", "rule_paused", "rule_ended").index(row.rule.state.kind)),
        later=len(rules.rules) - len(rows),
        is_ahead=asked.moment > utc_now(),
        as_of=asked.text,
    )


def _find_for(act: str, rule_id: UUID) -> Version:
    return find_rule(rule_id)[-1] if act in ACTS else abort(404)


def find_rule(rule_id: UUID) -> tuple[Version, ...]:
    """Return the versions of a rule of this program, or answer that there is nothing."""
    program = load_program()
    versions = rule_set(db.session(), program.id, program.rules_revision).of_rule(rule_id)
    return versions or abort(404)


def groups_of(besides: UUID | None) -> dict[str, list[Version]]:
    """Return the newest version of each rule that has not ended, but one, by the group of which only one pays."""
    program = load_program()
    groups: dict[str, list[Version]] = {}
    for version in rule_set(db.session(), program.id, program.rules_revision).latest():
        group = version.definition.exclusive
        if group is not None and version.state != "ended" and version.rule_id != besides:
            groups.setdefault(group, []).append(version)
    return groups


def number_of(form: Any) -> int:
    """Return the version that a form was opened on; what is no number is none that exists."""
    text = form.number.data or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _ask(act: str, latest: Version, form: RuleStateForm, *, stale: bool = False, status: int = 200) -> Response:
    return render(
        "admin/rules/ask.html",
        status=status,
        act=act,
        latest=latest,
        rule=latest.definition,
        state=state_look(latest.state),
        sentence=say(rule_sentence(latest.definition)),
        possible=latest.state in _POSSIBLE[act],
        stale=stale,
        form=form,
    )


def _heading(rows: dict[str, list[Any]]) -> str:
    live = len(rows["live"])
    if not any(rows.values()):
        return _("No reward rules yet")
    if not live:
        return _("No rule is live: nobody earns anything now")
    return ngettext("%(num)s reward rule is live", "%(num)s reward rules are live", live)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the limit for the whole program is used in the period of today."""

    words: str
    used: int
    most: int


def _budget(latest: Version) -> Budget | None:
    limit = latest.definition.limits.program if latest.definition.limits else None
    if limit is None or latest.state == "ended":
        return None
    program = load_program()
    window = window_of(limit.period, utc_now(), program.time_zone)
    # Of the whole program: whose friends they were makes no difference.
    used = used_of(db.session(), program.id, latest.rule_id, limit, window, referrer_id=current_user.id)
    if limit.amount is None:
        values = {"used": number(used), "most": number(limit.most)}
        return Budget(
            ngettext("%(used)s of %(most)s reward", "%(used)s of %(most)s rewards", limit.most, **values),
            used,
            limit.most,
        )
    words = _("%(used)s of %(most)s", used=money(Money(used, limit.amount.currency)), most=money(limit.amount))
    return Budget(words, used, limit.most)


def _done(what: str, latest: Version) -> str:
    """Say what was just done, when the address says so and it is still true."""
    if what != latest.state and not (what == "published" and latest.state == "live"):
        return ""
    return {
        "published": _("Version %(number)s is live.", number=latest.number),
        "live": _("The rule goes on."),
        "paused": _("The rule is paused."),
        "ended": _("The rule has ended."),
    }[what]
