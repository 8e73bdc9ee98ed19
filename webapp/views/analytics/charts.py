"""The charts of the analytics with their sentences, made from the rows that also make the tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.charts.figure import Chart, DayFormat
from webapp.charts.funnel import FunnelStep, funnel_chart
from webapp.charts.money_days import MoneyNames, MoneyPoint, money_days_chart
from webapp.charts.program_days import DayPoint, LineNames, Mark, program_days_chart
from webapp.domain.money import Money
from webapp.formatting import day_before_month, day_words, money, money_affixes, money_whole, number
from webapp.queries.analytics import NO_AMOUNTS, Counts, PeriodRows
from webapp.queries.rule_figures import RuleChange
from webapp.views.analytics.frame import Frame
from webapp.views.analytics.measures import Meaning, meaning, share
from webapp.views.figures import FEWEST_FOR_PERCENT

LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and the sentence that says the same. `keys` name its colours: the number of the colour and the word."""

    chart: Chart
    sentence: str
    keys: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how many, which part of the step before and of all visitors, and as many in the period before."""

    name: str
    meaning: Meaning
    count: int
    of_previous: str
    of_all: str
    before: int


def day_format() -> DayFormat:
    """Return how charts write days for this reader."""
    return DayFormat() if day_before_month() else DayFormat("%b %-d", "%A, %b %-d")


def days_chart(frame: Frame, now: PeriodRows, before: PeriodRows, changes: Sequence[RuleChange]) -> Drawn:
    """Draw signups and purchases by day, and when rules began."""
    keys = (
        (1, meaning("signups").label),
        (2, meaning("purchases").label),
        (0, _("Signups in the period before")),
    )
    chart = program_days_chart(
        _points(now, before, "signups", "purchases"),
        LineNames(keys[0][1], keys[1][1], keys[2][1]),
        marks=[Mark(change.day, change_in_short(change)) for change in changes],
        days=day_format(),
    )
    signups, purchases = now.counts.signups, now.counts.purchases
    first = ngettext(
        "%(count)s friend joined %(when)s",
        "%(count)s friends joined %(when)s",
        signups,
        count=number(signups),
        when=frame.in_days,
    )
    second = ngettext("%(count)s purchase in all.", "%(count)s purchases in all.", purchases, count=number(purchases))
    sentence = f"{first}{_compared(frame, signups, before.counts.signups)}. {second}{_peak(now, 'signups')}"
    return Drawn(chart, sentence, keys)


def visits_chart(frame: Frame, now: PeriodRows, before: PeriodRows) -> Drawn:
    """Draw visitors and clicks by day."""
    keys = (
        (1, meaning("visitors").label),
        (4, meaning("clicks").label),
        (0, _("Visitors in the period before")),
    )
    chart = program_days_chart(
        _points(now, before, "visitors", "clicks"),
        LineNames(keys[0][1], keys[1][1], keys[2][1]),
        days=day_format(),
        colours=("subject", "clicks"),
    )
    visitors, clicks = now.counts.visitors, now.counts.clicks
    sentence = _(
        "%(visitors)s and %(clicks)s %(when)s.",
        visitors=ngettext("%(count)s visitor", "%(count)s visitors", visitors, count=number(visitors)),
        clicks=ngettext("%(count)s click", "%(count)s clicks", clicks, count=number(clicks)),
        when=frame.in_days,
    )
    return Drawn(chart, sentence + _peak(now, "visitors"), keys)


def money_chart(frame: Frame, now: PeriodRows) -> Drawn:
    """Draw revenue and reward cost by day, in the program's currency."""
    currency = frame.program.currency
    with_cost = frame.scope.is_whole
    points = []
    for row in now.days:
        found = row.amounts.get(currency, NO_AMOUNTS)
        paid, cost = Money(found.revenue, currency), Money(found.cost, currency)
        points.append(MoneyPoint(row.day, paid, money(paid), cost if with_cost else None, money(cost)))
    keys = [(2, meaning("revenue").label), *([(3, meaning("reward_cost").label)] if with_cost else [])]
    names = MoneyNames(meaning("revenue").label, meaning("reward_cost").label, *money_affixes(currency))
    total = now.amounts.get(currency, NO_AMOUNTS)
    values = {
        "revenue": money_whole(Money(total.revenue, currency)),
        "cost": money_whole(Money(total.cost, currency)),
        "when": frame.in_days,
    }
    if with_cost:
        sentence = _("Friends brought %(revenue)s %(when)s; rewards cost %(cost)s.", **values)
    else:
        sentence = _("Friends brought %(revenue)s %(when)s.", **values)
    return Drawn(money_days_chart(points, names, days=day_format()), sentence, keys)


def funnel_steps(now: Counts, before: Counts) -> list[Step]:
    """Return the way from visitor to regular buyer."""
    steps, earlier = [], None
    for key in ("visitors", "signups", "buyers", "repeat_buyers"):
        count = getattr(now, key)
        of_previous = share(count, earlier, decimals=_decimals(count, earlier)) if earlier is not None else ""
        of_all = share(count, now.visitors, decimals=1) if earlier is not None else ""
        found = meaning(key)
        name = _("Joined") if key == "signups" else found.label
        steps.append(Step(name, found, count, of_previous, of_all, getattr(before, key)))
        earlier = count
    return steps


def funnel_drawn(frame: Frame, steps: Sequence[Step]) -> Drawn:
    """Draw the funnel."""
    visitors, joined, bought, back = steps
    chart = funnel_chart(
        [
            FunnelStep(step.name, step.count, f"{number(step.count)}{_of_those(step) if number_ else ''}")
            for number_, step in enumerate(steps)
        ]
    )
    sentence = _(
        "%(visitors)s came %(when)s and %(joined)s joined%(joined_share)s. Of those who joined, %(bought)s bought"
        "%(bought_share)s and %(back)s came back for more%(back_share)s.",
        visitors=ngettext("%(count)s visitor", "%(count)s visitors", visitors.count, count=number(visitors.count)),
        when=frame.in_days,
        joined=number(joined.count),
        joined_share=_in_brackets(joined.of_previous),
        bought=number(bought.count),
        bought_share=_in_brackets(bought.of_previous),
        back=number(back.count),
        back_share=_in_brackets(back.of_previous),
    )
    return Drawn(chart, sentence)


def change_in_short(change: RuleChange) -> str:
    """Name a version of a rule in a few words."""
    name = change.rule_name
    name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"
    if change.state == "live":
        return _("%(rule)s, v%(number)s", rule=name, number=change.number)
    return _("%(rule)s: paused", rule=name) if change.state == "paused" else _("%(rule)s: ended", rule=name)


def _points(now: PeriodRows, before: PeriodRows, first: str, second: str) -> list[DayPoint]:
    return [
        DayPoint(row.day, getattr(row.counts, first), getattr(row.counts, second), getattr(earlier.counts, first))
        for row, earlier in zip(now.days, before.days, strict=True)
    ]


def _compared(frame: Frame, now: int, before: int) -> str:
    if now == before or before < FEWEST_FOR_PERCENT:
        return ""
    values = {"percent": share(abs(now - before), before), "than": frame.than_before}
    if now > before:
        return _(", %(percent)s more %(than)s", **values)
    return _(", %(percent)s fewer %(than)s", **values)


def _peak(rows: PeriodRows, key: str) -> str:
    """Name the one day with the most, when it stands out from an ordinary day."""
    counts = sorted((getattr(row.counts, key) for row in rows.days), reverse=True)
    if len(counts) < 7 or counts[0] < FEWEST_FOR_PERCENT / 2 or counts[0] < 2 * counts[len(counts) // 2]:
        return ""
    (day, *_others) = (row.day for row in rows.days if getattr(row.counts, key) == counts[0])
    return " " + _("The most on one day: %(count)s, on %(day)s.", count=number(counts[0]), day=day_words(day))


def _of_those(step: Step) -> str:
    return "  ·  " + step.of_previous if step.of_previous else ""


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _decimals(part: int, whole: int) -> int:
    """Small shares keep a decimal."""
    return 1 if part * 10 < whole else 0
