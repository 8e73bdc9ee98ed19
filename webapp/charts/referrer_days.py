"""Clicks, signups and earnings by day: three panels on one axis of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart
from webapp.domain.money import Money

# The lower and the upper end of each panel, from the bottom.
_PANELS = ((0, 0.24), (0.36, 0.6), (0.72, 0.96))
_DAY_MS = 24 * 60 * 60 * 1000
# From so many days on, one day in so many has its name on the axis; the second number is for narrow screens.
_STEPS = ((0, 1, 2), (8, 7, 14), (31, 14, 28))


@dataclass(frozen=True, slots=True)
class ReferrerDay:
    """What happened on one day; `earned` in the currency of the chart, `earned_text` the same as people read it."""

    day: date
    clicks: int
    signups: int
    earned: Money
    earned_text: str


@dataclass(frozen=True, slots=True)
class ReferrerDaysWords:
    """The names of the panels, what stands around an amount on the axis, and how a day is written there."""

    clicks: str
    signups: str
    earned: str
    before_amount: str
    behind_amount: str
    day_format: str


def referrer_days_chart(rows: Sequence[ReferrerDay], words: ReferrerDaysWords) -> Chart:
    """Draw days, the earliest first."""
    days = [row.day.isoformat() for row in rows]
    # The last step to the page's JSON, where numbers are what they are; nothing is reckoned with them.
    amounts = [float(row.earned.decimal) for row in rows]
    _from, step, narrow_step = next(steps for steps in reversed(_STEPS) if len(rows) >= steps[0])
    traces = [
        _bars(days, [row.clicks for row in rows], words.clicks, "y3", "clicks", "%{y}"),
        _bars(days, [row.signups for row in rows], words.signups, "y2", "second", "%{y}"),
        _bars(days, amounts, words.earned, "y", "subject", "%{customdata}", [row.earned_text for row in rows]),
    ]
    names = (words.earned, words.signups, words.clicks)
    layout = {
        "hoversubplots": "axis",
        "barcornerradius": 3,
        "bargap": 0.3 if step > 1 else 0.6,
        # Room for the name of the last day.
        "margin": {"r": 24},
        "xaxis": {
            "type": "date",
            # Counted back from the last day, so that today always has its name.
            "tick0": days[-1],
            "dtick": step * _DAY_MS,
            "tickformat": words.day_format,
            "hoverformat": words.day_format,
            "anchor": "y",
        },
        "yaxis": {
            "domain": _PANELS[0],
            "tickprefix": words.before_amount,
            "ticksuffix": words.behind_amount,
            **_axis(amounts),
        },
        "yaxis2": {"domain": _PANELS[1], **_axis([row.signups for row in rows])},
        "yaxis3": {"domain": _PANELS[2], **_axis([row.clicks for row in rows])},
        "annotations": [_name(name, top) for name, (_bottom, top) in zip(names, _PANELS, strict=True)],
    }
    return make_chart(traces, layout, narrow={"xaxis": {"dtick": narrow_step * _DAY_MS}})


def _bars(
    days: list[str],
    values: Sequence[float],
    name: str,
    axis: str,
    colour: str,
    hover: str,
    texts: list[str] | None = None,
) -> go.Bar:
    return go.Bar(
        x=days,
        y=list(values),
        name=name,
        yaxis=axis,
        marker={"color": COLOURS[colour]},
        hovertemplate=hover,
        customdata=texts,
    )


def _axis(values: Sequence[float]) -> dict[str, object]:
    """Keep to whole steps where there is little to see, and a panel without anything at its size."""
    top = max(values, default=0)
    return {"nticks": 3} if top > 2 else {"dtick": 1, "range": [0, 2.2]}


def _name(name: str, top: float) -> dict[str, object]:
    return {
        "text": name,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top + 0.005,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": COLOURS["ink"], "size": 13},
    }
