"""What all charts share: a figure that Plotly has checked, as plain data for the page.

A chart knows data and meaning. Fonts, axes, margins and the colours of the
theme are added by static/js/charts.js; colours are written by their names, as
in COLOURS["subject"].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

# The only kinds that the basic bundle can draw; it draws any other as a plain line, without a word.
KINDS = ("scatter", "bar", "pie")

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "past": "var(--gv-c0)",
        "subject": "var(--gv-c1)",
        "second": "var(--gv-c2)",
        "attention": "var(--gv-c3)",
        "clicks": "var(--gv-c4)",
        "rare": "var(--gv-c5)",
        "ink": "var(--gv-ink)",
        "tint": "var(--gv-c1-soft)",
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as the page holds it. `narrow` overrides the layout where there is little room."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    narrow: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return what charts.js reads, as JSON can hold it."""
        return {"data": self.data, "layout": self.layout, "narrow": self.narrow}


def make_chart(
    traces: Sequence[Any], layout: Mapping[str, Any] | None = None, *, narrow: Mapping[str, Any] | None = None
) -> Chart:
    """Return a chart of Plotly traces. Raises ValueError for what Plotly does not know or the page cannot draw."""
    plain = go.Figure(data=list(traces), layout=dict(layout or {})).to_plotly_json()
    for trace in plain["data"]:
        if trace["type"] not in KINDS:
            raise ValueError(f"a chart is drawn from {', '.join(KINDS)}; there is no {trace['type']}")
    # Checked too, although Plotly only reads it together with the rest.
    go.Layout(dict(narrow or {}))
    # The look is the page's; Plotly's own template is eight times as long as a chart.
    plain["layout"].pop("template", None)
    return Chart(plain["data"], plain["layout"], dict(narrow or {}))
