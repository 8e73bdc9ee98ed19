"""The program's last 30 days beside the 30 before, as the strip of an admin's first page."""

from collections.abc import Callable, Mapping, Sequence

from flask_babel import gettext as _

from webapp.domain.money import Money
from webapp.formatting import money, number, percent
from webapp.queries.figures import Figures
from webapp.queries.money_figures import NOTHING, CurrencyFigures, MoneyByDay
from webapp.views.figures import FEWEST_FOR_PERCENT, Figure, FurtherAmount


def overview_figures(counts: Figures, cash: Mapping[str, CurrencyFigures], *, currency: str) -> list[Figure]:
    """Return signups, purchases, revenue and what rewards cost; the program's currency comes first."""
    enough = min(counts.recent.purchases, counts.before.purchases) >= FEWEST_FOR_PERCENT
    ours = cash.get(currency, NOTHING)
    others = {code: figures for code, figures in sorted(cash.items()) if code != currency}
    revenue = _money(
        "recent-revenue", _("Revenue"), currency, ours.revenue, {c: f.revenue for c, f in others.items()}, enough
    )
    cost = _money("recent-cost", _("Reward cost"), currency, ours.cost, {c: f.cost for c, f in others.items()}, enough)
    return [
        _count("recent-signups", _("Signups"), counts, "signups"),
        _count("recent-purchases", _("Purchases"), counts, "purchases"),
        revenue,
        _with_share(cost, ours, enough),
    ]


def _count(metric: str, label: str, counts: Figures, what: str) -> Figure:
    recent, before = getattr(counts.recent, what), getattr(counts.before, what)
    change, direction = _change(recent, before, before >= FEWEST_FOR_PERCENT, number)
    return Figure(
        metric=metric,
        label=label,
        value=recent,
        display=number(recent),
        note=_("from %(before)s", before=number(before)) if before else _("in 30 days"),
        change=change,
        direction=direction,
        spark=[getattr(day.counted, what) for day in counts.days],
    )


def _money(
    metric: str, label: str, currency: str, ours: MoneyByDay, others: Mapping[str, MoneyByDay], enough: bool
) -> Figure:
    def said(minor: int) -> str:
        return money(Money(minor, currency))

    change, direction = _change(ours.recent, ours.before, enough, said)
    return Figure(
        metric=metric,
        label=label,
        value=ours.recent,
        display=said(ours.recent),
        note=_("from %(before)s", before=said(ours.before)) if ours.before else _("in 30 days"),
        change=change if enough else "",
        direction=direction,
        # A day on which more went back than came in stands at zero.
        spark=_at_least_zero(ours.days),
        further=[
            FurtherAmount(code, of.recent, money(Money(of.recent, code))) for code, of in others.items() if of.recent
        ],
    )


def _with_share(cost: Figure, ours: CurrencyFigures, enough: bool) -> Figure:
    """Say beside the cost how much of the revenue it is. That it rises is neither good nor bad."""
    if not enough or ours.revenue.recent <= 0 or ours.cost.recent < 0:
        return cost
    share = percent(ours.cost.recent, ours.revenue.recent, decimals=1)
    note = _("%(percent)s of the revenue", percent=share)
    return Figure(
        **{name: getattr(cost, name) for name in ("metric", "label", "value", "display", "spark", "further")}, note=note
    )


def _change(recent: int, before: int, enough: bool, said: Callable[[int], str]) -> tuple[str, str]:
    difference = recent - before
    if not recent and not before:
        return "", "same"
    if not difference:
        return _("same"), "same"
    direction = "up" if difference > 0 else "down"
    if enough and before > 0:
        percent = (200 * abs(difference) + before) // (2 * before)
        return _("%(percent)s%%", percent=number(percent)), direction
    if difference > 0:
        return _("%(count)s more", count=said(difference)), direction
    return _("%(count)s fewer", count=said(-difference)), direction


def _at_least_zero(values: Sequence[int]) -> list[int]:
    return [max(0, value) for value in values]
