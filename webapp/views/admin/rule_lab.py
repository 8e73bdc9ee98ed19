"""The rule lab: a draft tried on what happened, beside what was paid. Nothing is written."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.chosen_period import Period
from webapp.domain.money import Money
from webapp.domain.periods import day_begins, ends_of_day, local_day
from webapp.domain.replaying.told import Changed, Pair, ReferrerPair
from webapp.domain.rules import RuleDefinition, to_stored
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.rule import PublishForm
from webapp.forms.rule_lab import RuleLabForm, usual_period
from webapp.queries.replays import Progress, count_happened, first_day, id_of, names_of, replay_rules
from webapp.queries.rules import RuleSet, Version, rule_set
from webapp.rule_files import written
from webapp.views.admin.lab_runs import REST_SECONDS, BusyError, Ended, Replaying, TooLongError, run, take_slot
from webapp.views.admin.lab_words import result_of
from webapp.views.admin.rules import find_rule
from webapp.views.csv import Cell, csv_response
from webapp.web import load_program, render

bp = Blueprint("rule_lab", __name__, url_prefix="/rules/lab")

PAGE, PART = "admin/rule_lab/show.html", "admin/rule_lab/_lab.html"
STREAM = "application/x-ndjson"
# A draft that comes from a rule's form is tried at once when that takes no longer than a page.
AT_ONCE = 20_000
FILES = ("months", "referrers", "conversions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is tried: the rules of the draft, and on which days."""

    draft: list[RuleDefinition]
    period: Period


@bp.get("")
def show() -> Response:
    rule_id = request.args.get("rule", type=UUID)
    version = find_rule(rule_id)[-1] if rule_id else next(iter(_rules().live()), None)
    form = _new_form([version.definition] if version else [], version.number if version else 0)
    return _page(form, begun=version)


@bp.post("")
def replay() -> ResponseReturnValue:
    form = RuleLabForm()
    wanted = _wanted(form)
    if wanted is None:
        return _page(form, status=422)
    if STREAM in request.headers.get("Accept", ""):
        return _streamed(form, wanted)
    return _answered(form, wanted)


@bp.post("/file")
def export() -> ResponseReturnValue:
    """Answer with a table of what a replay finds: by month, by referrer, or each conversion that changes."""
    form, what = RuleLabForm(), request.form.get("what", "")
    wanted = _wanted(form)
    if wanted is None:
        return _page(form, status=422)
    if what not in FILES:
        abort(404)
    try:
        give_back = take_slot()
    except BusyError:
        return _page(form, problem=_busy(), status=503)
    response = csv_response(f"rule-lab-{what}", _header(what), _rows_of(what, wanted, give_back))
    response.call_on_close(give_back)
    return response


def open_draft(rule: RuleDefinition, number: int) -> Response:
    """Show the lab with a draft that comes from a rule's form, tried at once when little has happened."""
    program = load_program()
    form = _new_form([rule], number)
    if count_happened(db.session(), program.id, utc_now()) > AT_ONCE:
        return _page(form)
    return _answered(form, Wanted([rule], _usual_period()))


def _today() -> date:
    return local_day(utc_now(), load_program().time_zone)


def _new_form(draft: Sequence[RuleDefinition], number: int) -> RuleLabForm:
    period = _usual_period()
    ends = {"first": period.first.isoformat(), "last": period.last.isoformat()}
    begun = {"number": str(number), "of": draft[0].key if draft else ""}
    return RuleLabForm(formdata=None, data={"toml": written(draft), **begun, **ends})


def _usual_period() -> Period:
    return usual_period(_today(), first_day(db.session(), load_program().id))


def _wanted(form: RuleLabForm) -> Wanted | None:
    """Return what was sent; None when something is wrong, which is said at its field then."""
    is_ours = form.validate()
    draft, period = form.draft(), form.period(_today())
    return Wanted(draft, period) if is_ours and draft is not None and period is not None else None


def _replaying(wanted: Wanted, each_changed: Any = None) -> Replaying:
    program = load_program()
    since = day_begins(wanted.period.first, program.time_zone)
    until = ends_of_day(wanted.period.last, program.time_zone)[1]

    def begin(session: Session) -> Any:
        return replay_rules(session, program, wanted.draft, since=since, until=until, each_changed=each_changed)

    return begin


def _answered(form: RuleLabForm, wanted: Wanted) -> Response:
    """Run to the end, then answer with the page: without a script nobody sees how far it is."""
    try:
        give_back = take_slot()
    except BusyError:
        return _page(form, problem=_busy(), status=503)
    running = run(_replaying(wanted))
    try:
        for step in running:
            if isinstance(step, Ended):
                return _page(form, **_shown(step, wanted, form))
    except TooLongError:
        return _page(form, problem=_too_long(), status=503)
    finally:
        running.close()  # type: ignore[attr-defined]
        give_back()
    raise RuntimeError("a replay ended without telling anything")


def _streamed(form: RuleLabForm, wanted: Wanted) -> Response:
    """Answer with a line for each slice and the page's part in the last one; whoever goes away stops it."""
    try:
        give_back = take_slot()
    except BusyError:
        return _lines(iter([{"html": _part(form, problem=_busy())}]))

    def steps() -> Iterator[dict[str, Any]]:
        try:
            for step in run(_replaying(wanted)):
                if isinstance(step, Ended):
                    yield {"html": _part(form, **_shown(step, wanted, form))}
                else:
                    yield _said(step)
        except TooLongError:
            yield {"html": _part(form, problem=_too_long())}
        finally:
            give_back()

    response = _lines(steps())
    response.call_on_close(give_back)
    return response


def _lines(steps: Iterable[dict[str, Any]]) -> Response:
    body = stream_with_context(json.dumps(step) + "\n" for step in steps)
    response = Response(body, mimetype=STREAM)
    # No proxy in between waits for more of it.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _said(progress: Progress) -> dict[str, Any]:
    text = _("%(done)s of %(total)s", done=number(progress.done), total=number(progress.total))
    return {"done": progress.done, "total": progress.total, "text": text}


def _shown(ended: Ended, wanted: Wanted, form: RuleLabForm) -> dict[str, Any]:
    """Return what the page shows of a replay, and how its draft is published."""
    own = load_program().currency
    result = result_of(ended.session, ended.told, wanted.draft, wanted.period, own, ended.seconds)
    return {"result": result, **_publishing(wanted.draft, form)}


def _publishing(draft: Sequence[RuleDefinition], form: RuleLabForm) -> dict[str, Any]:
    """Return what publishes the draft, if it is one rule that says something new."""
    if len(draft) != 1:
        return {}
    latest = _latest(draft[0].key)
    if latest is not None and latest.state == "live" and latest.definition == draft[0]:
        return {"is_live": True}
    publish = PublishForm(formdata=None)
    publish.definition.data = json.dumps(to_stored(draft[0]))
    # What was begun on an older version is stale, and the last step says so.
    is_begun = form.of.data == draft[0].key and latest is not None
    publish.number.data = form.number.data if is_begun else str(latest.number if latest else 0)
    return {"publish": publish, "latest": latest, "next_number": latest.number + 1 if latest else 1}


def _rules() -> RuleSet:
    program = load_program()
    return rule_set(db.session(), program.id, program.rules_revision)


def _latest(key: str) -> Version | None:
    return next((version for version in _rules().latest() if version.definition.key == key), None)


def _page(form: RuleLabForm, *, status: int = 200, **shown: Any) -> Response:
    return render(PAGE, status=status, **_context(form, shown))


def _part(form: RuleLabForm, **shown: Any) -> str:
    return render_template(PART, program=load_program(), **_context(form, shown))


def _context(form: RuleLabForm, shown: dict[str, Any]) -> dict[str, Any]:
    nothing = {"result": None, "problem": "", "begun": None}
    unpublished = {"publish": None, "latest": None, "next_number": 1, "is_live": False}
    return {**nothing, **unpublished, "form": form, "rules": _rules().latest(), **shown}


def _busy() -> str:
    return _("Somebody else is trying a rule just now. Please try again in a moment.")


def _too_long() -> str:
    return _("This takes longer than a page may. Please choose fewer days, or let “flask rules replay” do it.")


def _header(what: str) -> list[str]:
    pair = [_("Currency"), _("Paid"), _("Draft"), _("Difference")]
    if what == "months":
        return [_("Month"), *pair]
    if what == "referrers":
        return [_("Referrer"), _("Id"), *pair]
    labels = [_("Event"), _("Order"), _("Type"), _("Moment"), _("Number of its kind"), _("Amount"), _("Paid in")]
    return [*labels, *pair]


def _rows_of(what: str, wanted: Wanted, at_the_end: Callable[[], None]) -> Any:
    found: list[Changed] = []
    replaying = _replaying(wanted, found.append if what == "conversions" else None)

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        try:
            replay = replaying(session)
            while True:
                try:
                    next(replay)
                except StopIteration as end:
                    told = end.value
                    break
                yield from map(_conversion_cells, found)
                found.clear()
                # Whoever went away is noticed only here.
                yield ()
                # A file is whole or not there, so it may take longer than a page; others are served beside it.
                time.sleep(REST_SECONDS)
            if what == "months":
                yield from ([f"{one.month:%Y-%m}", *_cells(one.pair)] for one in told.months)
            if what == "referrers":
                yield from _referrer_rows(session, told.referrers)
        finally:
            at_the_end()

    return rows


def _referrer_rows(session: Session, referrers: Sequence[ReferrerPair]) -> Iterator[Sequence[Cell]]:
    names = names_of(session, [id_of(one.referrer) for one in referrers])
    for one in referrers:
        id_ = id_of(one.referrer)
        yield [names.get(id_, ""), str(id_), *_cells(one.pair)]


def _conversion_cells(one: Changed) -> Sequence[Cell]:
    amount = (one.amount.decimal, one.amount.currency) if one.amount else ("", "")
    about = (one.event_id or "", one.order_id or "", one.type, one.occurred_at.isoformat(), one.nth)
    return [*about, *amount, *_cells(one.pair)]


def _cells(pair: Pair) -> tuple[str, Decimal, Decimal, Decimal]:
    paid, draft, difference = (
        Money(minor, pair.currency).decimal for minor in (pair.paid, pair.draft, pair.difference)
    )
    return pair.currency, paid, draft, difference
