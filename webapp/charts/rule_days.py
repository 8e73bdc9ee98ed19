"""What rules granted by day, stacked by rule, in one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, DayFormat, day_axis, make_chart, words
from webapp.domain.chosen_period import Period
from webapp.domain.money import Money

# In the order of what was granted; grey is left for what stands together as "others".
TONES = ("subject", "second", "attention", "clicks", "rare")
REST = "past"


@dataclass(frozen=True, slots=True)
class RuleStack:
    """One rule's part: what was granted on each day of the chart, and the same as people read it."""

    name: str
    amounts: Sequence[Money]
    texts: Sequence[str]


def rule_days_chart(
    dates: Sequence[date],
    stacks: Sequence[RuleStack],
    *,
    prefix: str = "",
    suffix: str = "",
    days: DayFormat | None = None,
) -> Chart:
    """Draw the stacks in their order, from the foot up; those behind the fifth share the last colour."""
    x = [day.isoformat() for day in dates]
    axis, narrow_axis = day_axis(Period(dates[0], dates[-1]), days or DayFormat())
    traces = [
        go.Bar(
            name=words(stack.name),
            x=x,
            y=[str(amount.decimal) for amount in stack.amounts],
            customdata=list(stack.texts),
            marker={"color": COLOURS[TONES[number] if number < len(TONES) else REST]},
            hovertemplate="%{customdata}",
        )
        for number, stack in enumerate(stacks)
    ]
    layout = {
        "barmode": "stack",
        "xaxis": axis,
        "yaxis": {"type": "linear", "tickformat": ",.0f", "tickprefix": prefix, "ticksuffix": suffix},
        "margin": {"r": 20},
    }
    return make_chart(traces, layout, narrow={"xaxis": narrow_axis})
