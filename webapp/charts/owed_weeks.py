"""What becomes payable in each of the next weeks, and how much of it is usually taken back before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart
from webapp.domain.money import EXPONENTS, Money

TICKS = 4


@dataclass(frozen=True, slots=True)
class OwedWeek:
    """One week: its name, and what matures in it; `usually_lost` of that is taken back as a rule."""

    label: str
    amount: Money
    usually_lost: Money

    @property
    def expected(self) -> Money:
        return Money(self.amount.minor - self.usually_lost.minor, self.amount.currency)


def owed_weeks(
    weeks: Sequence[OwedWeek], *, names: tuple[str, str], exact: Callable[[Money], str], whole: Callable[[Money], str]
) -> Chart:
    """Return bars of minor units, stacked; `names` are those of what is expected and of what is usually lost.

    `exact` and `whole` say an amount, with and without its decimals: what is drawn are whole numbers, and what is
    read of them are words, so that no amount becomes a fraction.
    """
    labels = [week.label for week in weeks]
    parts = ([week.expected for week in weeks], [week.usually_lost for week in weeks])
    bars = [
        go.Bar(
            name=name,
            x=labels,
            y=[amount.minor for amount in amounts],
            customdata=[exact(amount) for amount in amounts],
            hovertemplate="%{customdata}",
            marker={"color": COLOURS[colour]},
        )
        for name, amounts, colour in zip(names, parts, ("subject", "past"), strict=True)
        if any(amount.minor for amount in amounts)
    ]
    ticks = ticks_up_to(max(week.amount.minor for week in weeks), weeks[0].amount.currency)
    layout = {
        "barmode": "stack",
        "barcornerradius": 3,
        "bargap": 0.45,
        "xaxis": {"type": "category"},
        "yaxis": {"tickmode": "array", "tickvals": [tick.minor for tick in ticks], "ticktext": [*map(whole, ticks)]},
    }
    return make_chart(bars, layout, narrow={"xaxis": {"nticks": 3, "tickangle": 0}})


def ticks_up_to(most_minor: int, currency: str) -> list[Money]:
    """Return round amounts from zero up to what is reached, at most `TICKS` of them above zero, in whole units."""
    unit = 10 ** EXPONENTS[currency]
    step, factors = unit, (2, 5, 10)
    for power in range(16):
        for factor in factors:
            if most_minor <= TICKS * step:
                return [Money(step * number, currency) for number in range(most_minor // step + 1)]
            step = unit * 10**power * factor
    raise ValueError("no amount is that large")
