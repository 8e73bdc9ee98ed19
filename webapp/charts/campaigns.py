"""Signups and purchases by campaign: horizontal bars, two to a campaign, the most signups on top."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart, words

LONGEST_NAME = 28


@dataclass(frozen=True, slots=True)
class CampaignBar:
    """One campaign and what came of it."""

    name: str
    signups: int
    purchases: int


def campaigns_chart(bars: Sequence[CampaignBar], *, signups: str, purchases: str) -> Chart:
    """Draw the bars in their order, from top to bottom; the two words name what is counted."""
    names = [_unlike_others(bar.name, number, bars) for number, bar in enumerate(bars)]
    traces = [
        go.Bar(
            orientation="h",
            name=words(name),
            y=names,
            x=[getattr(bar, counted) for bar in bars],
            marker={"color": COLOURS[colour]},
            hovertemplate="%{x:,d}",
        )
        for name, counted, colour in ((signups, "signups", "subject"), (purchases, "purchases", "second"))
    ]
    layout = {
        "hovermode": "y unified",
        "barcornerradius": 3,
        "bargap": 0.34,
        "bargroupgap": 0.12,
        "xaxis": {"tickformat": ",d", "showgrid": True, "rangemode": "tozero", "nticks": 5},
        "yaxis": {
            "type": "category",
            "showgrid": False,
            "autorange": "reversed",
            "ticklabelstandoff": 8,
            "tickfont": {"color": COLOURS["ink"], "size": 13},
        },
        "margin": {"r": 20},
    }
    return make_chart(traces, layout, narrow={"yaxis": {"tickfont": {"size": 11.5}}})


def _unlike_others(name: str, number: int, bars: Sequence[CampaignBar]) -> str:
    """Shorten a name; bars with equal names would be stacked on each other, so those get their number."""
    short = _short(name)
    twins = [other for other in range(number) if _short(bars[other].name) == short]
    return words(short) + (f" ({len(twins) + 1})" if twins else "")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"
