"""What a replay tells of one currency: before and after by month, where the difference comes from, who gains and loses.

Amounts travel as exact decimals in text; Plotly reads them as numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import plotly.graph_objects as go

from webapp.charts.figure import COLOURS, Chart, make_chart, words
from webapp.domain.money import Money

LONGEST_NAME = 24
# What a text outside of a bar needs, in shares of the longest one.
_ROOM, _ROOM_NARROW = Decimal("0.35"), Decimal("0.75")


@dataclass(frozen=True, slots=True)
class MonthBars:
    """One month on both sides. The texts are the amounts as people read them."""

    name: str
    paid: Money
    paid_text: str
    draft: Money
    draft_text: str


@dataclass(frozen=True, slots=True)
class SignedBar:
    """A step or a person, and what that changes; the text says it with its sign."""

    name: str
    amount: Money
    text: str


def replay_months_chart(months: Sequence[MonthBars], *, paid: str, draft: str, prefix: str, suffix: str) -> Chart:
    """Draw two bars for each month, the earliest first."""
    traces = [
        go.Bar(
            name=words(name),
            x=[words(month.name) for month in months],
            y=[str(getattr(month, side).decimal) for month in months],
            customdata=[getattr(month, f"{side}_text") for month in months],
            marker={"color": COLOURS[colour]},
            hovertemplate="%{customdata}",
        )
        for name, side, colour in ((paid, "paid", "past"), (draft, "draft", "subject"))
    ]
    layout = {
        "barcornerradius": 3,
        "bargap": 0.4,
        "bargroupgap": 0.08,
        "xaxis": {"type": "category"},
        "yaxis": {"type": "linear", "tickformat": ",.0f", "tickprefix": prefix, "ticksuffix": suffix},
    }
    return make_chart(traces, layout, narrow={"xaxis": {"tickangle": 0, "tickfont": {"size": 11}}})


def replay_steps_chart(first: SignedBar, steps: Sequence[SignedBar], last: SignedBar) -> Chart:
    """Draw how one sum becomes another: each step stands on where the one before it ended."""
    bars, bases, heights, colours = [first, *steps, last], [Decimal(0)], [first.amount.decimal], ["past"]
    level = first.amount.decimal
    for step in steps:
        following = level + step.amount.decimal
        bases.append(min(level, following))
        heights.append(abs(step.amount.decimal))
        colours.append("second" if step.amount.minor > 0 else "attention")
        level = following
    bases.append(Decimal(0))
    heights.append(last.amount.decimal)
    colours.append("subject")
    names = [words(bar.name).replace(" ", "<br>", 1) for bar in bars]
    ends = [base + height for base, height in zip(bases, heights, strict=True)]
    top = max(*ends, Decimal(1)) * Decimal("1.2")
    low = min(*bases, Decimal(0)) * Decimal("1.2")
    traces = [
        go.Bar(x=names, y=[str(base) for base in bases], marker={"color": "rgba(0,0,0,0)"}, hoverinfo="skip"),
        go.Bar(
            x=names,
            y=[str(height) for height in heights],
            marker={"color": [COLOURS[colour] for colour in colours]},
            text=[bar.text for bar in bars],
            textposition="outside",
            constraintext="none",
            textfont={"color": COLOURS["ink"], "size": 12.5},
            hoverinfo="skip",
            cliponaxis=False,
        ),
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.35,
        "hovermode": False,
        "xaxis": {"type": "category", "tickangle": 0},
        "yaxis": {"type": "linear", "visible": False, "range": [str(low), str(top)]},
    }
    return make_chart(traces, layout, narrow={"xaxis": {"tickfont": {"size": 11}}})


def replay_people_chart(people: Sequence[SignedBar]) -> Chart:
    """Draw who gains and who loses, in their order from top to bottom."""
    decimals = [one.amount.decimal for one in people]
    longest = max((abs(one) for one in decimals), default=Decimal(1)) or Decimal(1)
    least, most = min(*decimals, Decimal(0)), max(*decimals, Decimal(0))
    trace = go.Bar(
        orientation="h",
        y=_unlike(people),
        x=[str(one) for one in decimals],
        marker={"color": [COLOURS["second" if one > 0 else "attention"] for one in decimals]},
        text=[one.text for one in people],
        textposition="outside",
        constraintext="none",
        textfont={"color": COLOURS["ink"], "size": 12.5},
        hovertemplate="%{y}: %{text}<extra></extra>",
        cliponaxis=False,
    )
    line = {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}
    layout = {
        "hovermode": "closest",
        "barcornerradius": 4,
        "bargap": 0.38,
        "xaxis": {"type": "linear", "visible": False, "range": _range(least, most, longest * _ROOM)},
        "yaxis": {
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
            "tickfont": {"color": COLOURS["ink"]},
            "ticklabelstandoff": 8,
            "linecolor": "rgba(0,0,0,0)",
        },
        "shapes": [{**line, "line": {"color": "var(--gv-line-strong)", "width": 1}}],
    }
    return make_chart([trace], layout, narrow={"xaxis": {"range": _range(least, most, longest * _ROOM_NARROW)}})


def _range(least: Decimal, most: Decimal, room: Decimal) -> list[str]:
    return [str(least - room if least else -room / 8), str(most + room if most else room / 8)]


def _unlike(people: Sequence[SignedBar]) -> list[str]:
    """Return the names; bars with equal ones would be stacked on each other, so those get their number."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for one in people:
        short = one.name if len(one.name) <= LONGEST_NAME else f"{one.name[: LONGEST_NAME - 1].rstrip()}…"
        seen[short] = seen.get(short, 0) + 1
        names.append(words(short) + (f" ({seen[short]})" if seen[short] > 1 else ""))
    return names
