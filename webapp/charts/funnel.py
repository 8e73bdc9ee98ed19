"""A funnel: horizontal bars, the widest step first. The basic bundle has no trace of that name."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart, words

# A bar at least so wide, of the widest, holds its own label.
WIDE = 0.3


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step: what it is called, how many there are, and the label beside its bar."""

    name: str
    count: int
    label: str


def funnel_chart(steps: Sequence[FunnelStep]) -> Chart:
    """Draw the steps in their order, from top to bottom."""
    most = max((step.count for step in steps), default=0)
    inside = [bool(most) and step.count >= WIDE * most and len(step.label) < 12 for step in steps]
    bars = go.Bar(
        orientation="h",
        y=[words(step.name) for step in steps],
        x=[step.count for step in steps],
        text=[words(step.label) for step in steps],
        textposition=["inside" if fits else "outside" for fits in inside],
        insidetextanchor="end",
        insidetextfont={"color": "var(--gv-on-grape)", "size": 13},
        outsidetextfont={"color": COLOURS["ink"], "size": 13},
        marker={"color": COLOURS["subject"]},
        hovertemplate="%{y}: %{x:,d}<extra></extra>",
        cliponaxis=False,
    )
    # Where a long label stands beside a wide bar there has to be room for it.
    widest = max((step.count for step, fits in zip(steps, inside, strict=True) if not fits), default=0)
    room = max(most, widest * 1.7, 1)
    layout = {
        "hovermode": "closest",
        "barcornerradius": 4,
        "bargap": 0.42,
        "xaxis": {"visible": False, "range": [0, room]},
        "yaxis": {
            "type": "category",
            "showgrid": False,
            "linecolor": "rgba(0,0,0,0)",
            "autorange": "reversed",
            "ticklabelstandoff": 8,
            "tickfont": {"color": COLOURS["ink"], "size": 13},
        },
    }
    return make_chart([bars], layout, narrow={"yaxis": {"tickfont": {"size": 12}}})
