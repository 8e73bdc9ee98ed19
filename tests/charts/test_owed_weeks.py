"""What becomes payable week by week."""

import pytest

from webapp.charts.owed_weeks import OwedWeek, owed_weeks, ticks_up_to
from webapp.domain.money import Money


def week(label, minor, lost=0, currency="USD"):
    return OwedWeek(label, Money(minor, currency), Money(lost, currency))


def drawn(weeks):
    return owed_weeks(weeks, names=("Expected", "Lost"), exact=str, whole=lambda tick: f"{tick.minor // 100}")


def test_bars_are_whole_minor_units_stacked_on_what_is_usually_lost():
    chart = drawn([week("23 Nov", 1200, 48), week("30 Nov", 0), week("7 Dec", 30000, 1200)])
    expected, lost = chart.data
    assert (expected["name"], expected["x"], expected["y"]) == (
        "Expected",
        ["23 Nov", "30 Nov", "7 Dec"],
        [1152, 0, 28800],
    )
    assert (lost["name"], lost["y"]) == ("Lost", [48, 0, 1200])
    assert expected["customdata"] == ["11.52 USD", "0.00 USD", "288.00 USD"]
    assert all(type(value) is int for trace in chart.data for value in trace["y"])
    assert chart.layout["barmode"] == "stack"
    assert chart.layout["xaxis"]["type"] == "category"
    assert chart.layout["yaxis"]["ticktext"] == ["0", "100", "200", "300"]


def test_where_nothing_is_usually_lost_there_is_one_colour():
    assert [trace["name"] for trace in drawn([week("23 Nov", 1200)]).data] == ["Expected"]


@pytest.mark.parametrize(
    ("most", "currency", "ticks"),
    [
        (0, "USD", [0]),
        (99, "USD", [0]),
        (400, "USD", [0, 100, 200, 300, 400]),
        (401, "USD", [0, 200, 400]),
        (200_000, "USD", [0, 50_000, 100_000, 150_000, 200_000]),
        (201_200, "USD", [0, 100_000, 200_000]),
        (7, "JPY", [0, 2, 4, 6]),
        (12_345, "KWD", [0, 5_000, 10_000]),
        (999_999_999_999, "USD", [0, 500_000_000_000]),
    ],
)
def test_ticks_are_round_and_few(most, currency, ticks):
    assert [tick.minor for tick in ticks_up_to(most, currency)] == ticks
