"""Signups and purchases by campaign: horizontal bars, two to a campaign, the most signups on top."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart, words

LONGEST_NAME = 28
# Between a campaign and where it ran.
SEPARATOR = " · "


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
    return make_chart(
        traces, layout, narrow={"xaxis": {"nticks": 3, "tickangle": 0}, "yaxis": {"tickfont": {"size": 11.5}}}
    )


def _unlike_others(name: str, number: int, bars: Sequence[CampaignBar]) -> str:
    """Shorten a name; bars with equal names would be stacked on each other, so those get their number."""
    short = _short(name)
    twins = [other for other in range(number) if _short(bars[other].name) == short]
    # Source and medium get a line of their own, so that a phone has room for them.
    return words(short).replace(SEPARATOR, "<br>", 1) + (f" ({len(twins) + 1})" if twins else "")


def _short(name: str) -> str:
    return SEPARATOR.join(
        part if len(part) <= LONGEST_NAME else f"{part[: LONGEST_NAME - 1].rstrip()}…"
        for part in name.split(SEPARATOR, 1)
    )
