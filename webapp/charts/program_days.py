"""Two lines by day, the first also as it was in the period before, and what changed on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, DayFormat, count_axis, day_axis, make_chart, words
from webapp.domain.chosen_period import Period

MOST_MARKS = 3
LONGEST_MARK = 40


@dataclass(frozen=True, slots=True)
class DayPoint:
    """What is drawn of one day: both lines, and the first as it was on the same day of the period before."""

    day: date
    first: int
    second: int
    before: int


@dataclass(frozen=True, slots=True)
class LineNames:
    """What the lines are called, in the reader's language."""

    first: str
    second: str
    before: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that began on a day, such as a version of a rule."""

    day: date
    text: str


def program_days_chart(
    points: Sequence[DayPoint],
    names: LineNames,
    *,
    marks: Sequence[Mark] = (),
    days: DayFormat | None = None,
    colours: tuple[str, str] = ("subject", "second"),
) -> Chart:
    """Draw the points, the earliest first; at most three marks, named above dotted lines."""
    x = [point.day.isoformat() for point in points]
    period = Period(points[0].day, points[-1].day)
    axis, narrow_axis = day_axis(period, days or DayFormat())
    if len(points) > 1:
        # Else the axis would grow until the names of marks fit into it.
        axis["range"] = [x[0], x[-1]]
    before, second, first = ([getattr(point, name) for point in points] for name in ("before", "second", "first"))
    # One point has no line.
    mode = "lines+markers" if len(points) == 1 else "lines"
    traces = [
        _line(names.before, x, before, mode, color=COLOURS["past"], width=1.5, dash="dot"),
        _line(names.second, x, second, mode, color=COLOURS[colours[1]], width=2.25),
        _line(names.first, x, first, mode, color=COLOURS[colours[0]], width=2.75),
    ]
    shown = sorted(marks, key=lambda mark: mark.day)[-MOST_MARKS:]
    top = 10 + 18 * len(shown)
    layout = {
        "xaxis": axis,
        "yaxis": count_axis(max(before + second + first)),
        "margin": {"t": top, "r": 24},
        "shapes": [_dotted(mark) for mark in shown],
        "annotations": [_named(mark, period, level) for level, mark in enumerate(shown)],
    }
    narrow = {
        "xaxis": narrow_axis,
        "margin": {"t": top, "r": 20},
        "annotations": [_named(mark, period, level, narrow=True) for level, mark in enumerate(shown)],
    }
    return make_chart(traces, layout, narrow=narrow)


def _line(name: str, x: list[str], y: list[int], mode: str, **line: Any) -> go.Scatter:
    return go.Scatter(mode=mode, name=words(name), x=x, y=y, line=line, hovertemplate="%{y:,d}")


def _dotted(mark: Mark) -> dict[str, Any]:
    day = mark.day.isoformat()
    line = {"color": "var(--gv-line-strong)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _named(mark: Mark, period: Period, level: int, *, narrow: bool = False) -> dict[str, Any]:
    """Name a mark above the plot, each on a line of its own, on the side of its dotted line where there is room."""
    far = (mark.day - period.first).days / period.days
    side = "right" if far > 0.65 else "left" if far < 0.35 or not narrow else "center"
    text = mark.text if len(mark.text) <= LONGEST_MARK else f"{mark.text[: LONGEST_MARK - 1].rstrip()}…"
    return {
        "x": mark.day.isoformat(),
        "xref": "x",
        "y": 1,
        "yref": "paper",
        "text": words(text),
        "showarrow": False,
        "xanchor": side,
        "yanchor": "bottom",
        "xshift": {"left": 4, "center": 0, "right": -4}[side],
        "yshift": 17 * level,
        "font": {"size": 12, "color": COLOURS["ink"]},
    }
