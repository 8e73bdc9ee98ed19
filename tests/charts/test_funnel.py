"""A funnel of horizontal bars."""

import pytest

from webapp.charts.funnel import FunnelStep, funnel_chart

STEPS = [FunnelStep("Visitors", 4310, "4,310"), FunnelStep("Joined", 412, "412  ·  9.6%"), FunnelStep("Bought", 0, "0")]


def test_each_step_is_a_bar_from_top_to_bottom():
    chart = funnel_chart(STEPS)
    (bars,) = chart.data
    assert (bars["type"], bars["orientation"]) == ("bar", "h")
    assert list(zip(bars["y"], bars["x"], bars["text"], strict=True)) == [(s.name, s.count, s.label) for s in STEPS]
    assert chart.layout["yaxis"]["type"] == "category"
    assert chart.layout["yaxis"]["autorange"] == "reversed"
    assert chart.layout["xaxis"]["range"][0] == 0


def test_a_label_stands_in_a_bar_that_is_wide_enough_and_else_beside_it():
    (bars,) = funnel_chart(STEPS).data
    assert bars["textposition"] == ["inside", "outside", "outside"]


def test_a_long_label_beside_a_wide_bar_finds_room():
    steps = [FunnelStep("Visitors", 10, "10"), FunnelStep("Joined", 12, "12  ·  120% of those")]
    assert funnel_chart(steps).layout["xaxis"]["range"][1] == pytest.approx(12 * 1.7)


def test_a_funnel_of_nothing_can_be_drawn():
    chart = funnel_chart([FunnelStep("Visitors", 0, "0")])
    assert chart.layout["xaxis"]["range"] == [0, 1]
