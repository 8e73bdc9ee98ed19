"""Two lines by day, beside the period before."""

from datetime import date, timedelta

import pytest

from webapp.charts.program_days import DayPoint, LineNames, Mark, program_days_chart

FIRST = date(2026, 11, 1)
NAMES = LineNames("Signups", "Purchases", "Signups before")


def points(count):
    return [DayPoint(FIRST + timedelta(days=n), first=n, second=2 * n, before=3 * n) for n in range(count)]


def test_the_lines_are_the_rows_and_told_apart_by_width_and_dash():
    before, second, first = program_days_chart(points(3), NAMES).data
    assert first["x"] == second["x"] == before["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert (first["name"], first["y"]) == ("Signups", [0, 1, 2])
    assert first["line"] == {"color": "var(--gv-c1)", "width": 2.75}
    assert (second["name"], second["y"], second["line"]["width"]) == ("Purchases", [0, 2, 4], 2.25)
    assert (before["name"], before["y"], before["line"]["dash"]) == ("Signups before", [0, 3, 6], "dot")
    assert {trace["type"] for trace in (first, second, before)} == {"scatter"}


def test_a_single_day_is_a_point():
    assert {trace["mode"] for trace in program_days_chart(points(1), NAMES).data} == {"lines+markers"}


def test_few_things_are_counted_in_whole_steps():
    assert program_days_chart(points(2), NAMES).layout["yaxis"] == {"tickformat": ",d", "dtick": 1, "range": [0, 3.2]}
    assert program_days_chart(points(30), NAMES).layout["yaxis"] == {"tickformat": ",d"}


@pytest.mark.parametrize(("days", "step"), [(7, 1), (30, 7), (90, 14), (400, 56)])
def test_days_are_labelled_back_from_the_last_one(days, step):
    chart = program_days_chart(points(days), NAMES)
    assert chart.layout["xaxis"]["tick0"] == (FIRST + timedelta(days=days - 1)).isoformat()
    assert chart.layout["xaxis"]["dtick"] == step * 86_400_000
    assert chart.narrow["xaxis"]["dtick"] == 2 * step * 86_400_000


def test_at_most_three_marks_are_named_each_on_a_line_of_its_own():
    marks = [Mark(FIRST + timedelta(days=n), f"Rule, v{n}") for n in (28, 2, 9, 5)]
    layout = program_days_chart(points(30), NAMES, marks=marks).layout
    assert [note["text"] for note in layout["annotations"]] == ["Rule, v5", "Rule, v9", "Rule, v28"]
    assert [note["yshift"] for note in layout["annotations"]] == [0, 17, 34]
    assert [note["xanchor"] for note in layout["annotations"]] == ["left", "left", "right"]
    assert [shape["x0"] for shape in layout["shapes"]] == ["2026-11-06", "2026-11-10", "2026-11-29"]
    assert {shape["line"]["dash"] for shape in layout["shapes"]} == {"dot"}
    assert layout["margin"]["t"] == 10 + 3 * 18


def test_the_name_of_a_mark_is_text_and_never_markup():
    (note,) = program_days_chart(points(3), NAMES, marks=[Mark(FIRST, '<a href="x">R&D</a>')]).layout["annotations"]
    assert note["text"] == '&lt;a href="x"&gt;R&amp;D&lt;/a&gt;'
