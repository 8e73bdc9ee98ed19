"""What all charts share."""

import json

import plotly.graph_objects as go
import pytest

from webapp.charts.figure import COLOURS, make_chart


def test_a_chart_is_plain_data_without_plotly_s_own_look():
    chart = make_chart(
        [go.Bar(x=["2026-11-22"], y=[3], name="Clicks", marker={"color": COLOURS["clicks"]})],
        {"yaxis": {"rangemode": "tozero"}},
        narrow={"xaxis": {"nticks": 3}},
    )
    assert json.loads(json.dumps(chart.plain())) == {
        "data": [{"type": "bar", "x": ["2026-11-22"], "y": [3], "name": "Clicks", "marker": {"color": "var(--gv-c4)"}}],
        "layout": {"yaxis": {"rangemode": "tozero"}},
        "narrow": {"xaxis": {"nticks": 3}},
    }


def test_a_kind_that_the_page_cannot_draw_is_refused():
    with pytest.raises(ValueError, match="there is no heatmap"):
        make_chart([go.Heatmap(z=[[1]])])


@pytest.mark.parametrize("where", ["layout", "narrow"])
def test_a_word_that_plotly_does_not_know_is_refused(where):
    wrong = {"xaxis": {"colour": "red"}}
    with pytest.raises(ValueError, match="colour"):
        make_chart([], wrong) if where == "layout" else make_chart([], narrow=wrong)
