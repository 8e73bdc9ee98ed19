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

from webapp.domain.chosen_period import Period

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


@dataclass(frozen=True, slots=True)
class DayFormat:
    """How days are written, in d3's way: on the axis, and above what is under the pointer."""

    tick: str = "%-d %b"
    hover: str = "%A, %-d %b"


def day_axis(period: Period, days: DayFormat) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the x axis of a chart by day, and what is different where there is little room: fewer labels.

    Labels count back from the last day, so that it has one.
    """
    axis: dict[str, Any] = {"type": "date", "tickformat": days.tick, "hoverformat": days.hover}
    step = 1 if period.days <= 8 else 7 if period.days <= 45 else 14 if period.days <= 120 else 56
    axis |= {"tick0": period.last.isoformat(), "dtick": step * _DAY_MS}
    return axis, {"dtick": (step if step == 1 and period.days <= 4 else 2 * step) * _DAY_MS}


def count_axis(most: int) -> dict[str, Any]:
    """Return the y axis of whole numbers up to `most`, without halves."""
    return {"tickformat": ",d", **({"dtick": 1, "range": [0, max(most, 1) + 0.2]} if most < FEW else {})}


def words(text: str) -> str:
    """Return text as Plotly shows it letter by letter: it reads some tags and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FEW = 5
_DAY_MS = 24 * 60 * 60 * 1000
