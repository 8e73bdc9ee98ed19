"""Money of one currency by day: what friends paid, and what rewards cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, DayFormat, day_axis, make_chart, words
from webapp.domain.chosen_period import Period
from webapp.domain.money import Money


@dataclass(frozen=True, slots=True)
class MoneyPoint:
    """One day. The texts are the amounts as people read them. `cost` is None where it is not known."""

    day: date
    revenue: Money
    revenue_text: str
    cost: Money | None = None
    cost_text: str = ""


@dataclass(frozen=True, slots=True)
class MoneyNames:
    """What the lines are called, and what stands before or behind an amount on the axis."""

    revenue: str
    cost: str
    prefix: str = ""
    suffix: str = ""


def money_days_chart(points: Sequence[MoneyPoint], names: MoneyNames, *, days: DayFormat | None = None) -> Chart:
    """Draw revenue as bars, below zero on days on which more went back, and cost as a line over them.

    Amounts travel as exact decimals in text; Plotly reads them as numbers.
    """
    x = [point.day.isoformat() for point in points]
    axis, narrow_axis = day_axis(Period(points[0].day, points[-1].day), days or DayFormat())
    traces: list[go.Bar | go.Scatter] = [
        go.Bar(
            name=words(names.revenue),
            x=x,
            y=[str(point.revenue.decimal) for point in points],
            customdata=[point.revenue_text for point in points],
            marker={"color": COLOURS["second"]},
            hovertemplate="%{customdata}",
        )
    ]
    if any(point.cost is not None for point in points):
        traces.append(
            go.Scatter(
                mode="lines+markers" if len(points) == 1 else "lines",
                name=words(names.cost),
                x=x,
                y=[str(point.cost.decimal) if point.cost else "0" for point in points],
                customdata=[point.cost_text for point in points],
                line={"color": COLOURS["attention"], "width": 2.25},
                hovertemplate="%{customdata}",
            )
        )
    layout = {
        "xaxis": axis,
        "yaxis": {
            "type": "linear",
            "tickformat": ",.0f",
            "tickprefix": names.prefix,
            "ticksuffix": names.suffix,
            "rangemode": "tozero",
        },
        "margin": {"r": 20},
    }
    return make_chart(traces, layout, narrow={"xaxis": narrow_axis})
