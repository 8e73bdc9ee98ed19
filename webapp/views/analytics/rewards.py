"""What rewards cost in a period, by rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.charts.rule_days import TONES, RuleStack, rule_days_chart
from webapp.domain.definitions import DEFINITIONS
from webapp.domain.money import Money, rounded_half_up
from webapp.extensions import db
from webapp.formatting import money, money_affixes, money_whole, number
from webapp.queries.analytics import NO_AMOUNTS, Amounts, PeriodRows, Scope, has_days, in_order, read_days
from webapp.queries.rule_figures import RuleRow, list_rules
from webapp.views.analytics.charts import Drawn, day_format
from webapp.views.analytics.frame import Frame, read_frame, read_frame_of_file
from webapp.views.analytics.measures import Measure, cost, meaning, money_measure, share, together
from webapp.views.csv import Cell, csv_response
from webapp.views.worth import form_label
from webapp.web import render

bp = Blueprint("rewards", __name__)


@dataclass(frozen=True, slots=True)
class RuleCells:
    """One rule in one form and currency, "" for money. `share` is its part of what was granted of the same."""

    name: str
    key: str
    form: str
    rewards: int
    granted: str
    withdrawn: str
    cost: str
    share: str


@dataclass(frozen=True, slots=True)
class DayCells:
    """What each rule of the chart granted on one day."""

    day: date
    granted: list[str]


@bp.get("/rewards")
def index() -> Response:
    frame, session = read_frame(), db.session()
    # Rules are the program's, whatever link is looked at.
    whole = Scope(frame.program.id)
    now, before = read_days(session, whole, frame.period, frame.period.before)
    rules = list_rules(session, frame.program.id, frame.period)
    dates, stacks = frame.period.dates(), _stacks(frame, rules)
    return render(
        "analytics/rewards/index.html",
        part="analytics/rewards/_report.html",
        status=frame.status,
        frame=frame,
        heading=_heading(frame, now, rules),
        summary=_summary(frame, now),
        measures=_measures(frame, now, before),
        is_new=not rules and now.is_empty and not has_days(session, frame.program.id),
        rules=[_cells(row, rules) for row in rules],
        days=[DayCells(day, [stack.texts[at] for stack in stacks]) for at, day in reversed(list(enumerate(dates)))],
        drawn=_drawn(frame, rules, stacks) if stacks else None,
    )


@bp.get("/rewards.csv")
def export() -> Response:
    """Every rule of the period in every currency."""
    frame = read_frame_of_file()
    program_id, period = frame.program.id, frame.period

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for row in list_rules(session, program_id, period):
            amounts = (Money(minor, row.currency).decimal for minor in (row.granted, row.withdrawn, row.cost))
            yield row.key, row.name, row.rewards, row.currency, *amounts, row.kind

    labels = (_(DEFINITIONS[key].label) for key in ("granted", "withdrawn", "reward_cost"))
    header = [_("Key"), _("Rule"), _("Rewards"), _("Currency"), *labels, _("Form of the reward")]
    return csv_response(f"rewards-{frame.filename}", header, rows)


def _heading(frame: Frame, now: PeriodRows, rules: Sequence[RuleRow]) -> str:
    if not rules:
        return _("No rewards %(when)s", when=frame.in_days)
    own = frame.program.currency
    costs = [Money(now.amounts.get(one, NO_AMOUNTS).cost, one) for one in in_order(now.amounts, own)]
    spent = [money_whole(cost) for cost in costs if cost.minor] or [money_whole(Money(0, own))]
    return _("Rewards cost %(amount)s %(when)s", amount=together(spent), when=frame.in_days)


def _summary(frame: Frame, now: PeriodRows) -> str:
    found = now.amounts.get(frame.program.currency, NO_AMOUNTS)
    if now.counts.purchases < 20 or found.revenue <= 0 or found.cost < 0:
        return ""
    part = share(found.cost, found.revenue, decimals=1)
    return _("That is %(percent)s of what referred friends paid in the same days.", percent=part) if part else ""


def _measures(frame: Frame, now: PeriodRows, before: PeriodRows) -> list[Measure]:
    currency = frame.program.currency

    def measure(key: str, of: object) -> Measure:
        return money_measure(key, of, now, before, currency=currency, is_welcome=False)  # type: ignore[arg-type]

    return [
        measure("granted", _granted),
        measure("withdrawn", _withdrawn),
        measure("reward_cost", cost),
        _cost_per_purchase(now, currency),
    ]


def _granted(amounts: Amounts) -> int:
    return amounts.granted


def _withdrawn(amounts: Amounts) -> int:
    return amounts.withdrawn


def _cost_per_purchase(now: PeriodRows, currency: str) -> Measure:
    spent, purchases = now.amounts.get(currency, NO_AMOUNTS).cost, now.counts.purchases
    if not purchases:
        return Measure(meaning("cost_per_purchase"), None, "—", note=_("No purchases"), is_welcome=False)
    minor = rounded_half_up(abs(spent), purchases) * (1 if spent >= 0 else -1)
    note = ngettext("%(count)s purchase", "%(count)s purchases", purchases, count=number(purchases))
    return Measure(meaning("cost_per_purchase"), minor, money(Money(minor, currency)), note=note, is_welcome=False)


def _cells(row: RuleRow, rules: Sequence[RuleRow]) -> RuleCells:
    granted, withdrawn, spent = (
        "—" if row.kind == "coupon" else money(Money(minor, row.currency))
        for minor in (row.granted, row.withdrawn, row.cost)
    )
    same = [other for other in rules if (other.currency, other.kind) == (row.currency, row.kind)]
    rewards, whole = sum(other.rewards for other in same), sum(other.granted for other in same)
    part = share(row.granted, whole) if rewards >= 20 and whole > 0 else ""
    return RuleCells(row.name, row.key, form_label(row.kind), row.rewards, granted, withdrawn, spent, part)


def _stacks(frame: Frame, rules: Sequence[RuleRow]) -> list[RuleStack]:
    """Return what was granted by day in the program's currency; rules behind the fifth stand together."""
    currency = frame.program.currency
    ours = _in_money(frame, rules)
    parts = [(row.name, [row]) for row in ours[: len(TONES)]]
    if len(ours) > len(TONES):
        parts.append((_("Other rules"), ours[len(TONES) :]))
    stacks = []
    for name, rows in parts:
        amounts = [Money(sum(row.by_day.get(day, 0) for row in rows), currency) for day in frame.period.dates()]
        stacks.append(RuleStack(name, amounts, [money(amount) for amount in amounts]))
    return stacks


def _in_money(frame: Frame, rules: Sequence[RuleRow]) -> list[RuleRow]:
    return [row for row in rules if row.currency == frame.program.currency and row.kind == "cash"]


def _drawn(frame: Frame, rules: Sequence[RuleRow], stacks: Sequence[RuleStack]) -> Drawn:
    ours = _in_money(frame, rules)
    prefix, suffix = money_affixes(frame.program.currency)
    chart = rule_days_chart(frame.period.dates(), stacks, prefix=prefix, suffix=suffix, days=day_format())
    most = money_whole(Money(ours[0].granted, frame.program.currency))
    if len(ours) == 1:
        sentence = _("“%(rule)s” granted %(amount)s %(when)s.", rule=ours[0].name, amount=most, when=frame.in_days)
    else:
        sentence = _(
            "Rules granted %(amount)s %(when)s, most of it by “%(rule)s”: %(most)s.",
            amount=money_whole(Money(sum(row.granted for row in ours), frame.program.currency)),
            when=frame.in_days,
            rule=ours[0].name,
            most=most,
        )
    tones = (1, 2, 3, 4, 5, 0)
    return Drawn(chart, sentence, tuple((tones[number], stack.name) for number, stack in enumerate(stacks)))
