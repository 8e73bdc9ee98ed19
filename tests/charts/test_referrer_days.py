"""The chart of a referrer's last days."""

import json
from datetime import date, timedelta

import pytest

from webapp.charts.referrer_days import ReferrerDay, ReferrerDaysWords, referrer_days_chart
from webapp.domain.money import Money

WORDS = ReferrerDaysWords("Clicks", "Signups", "Earned", "$", "", "%b %-d")
LAST = date(2026, 11, 22)


def days(count, **last):
    values = {"clicks": 0, "signups": 0, "earned": Money(0, "USD"), "earned_text": "$0.00"}
    rows = [ReferrerDay(day=LAST - timedelta(days=back), **values) for back in range(count - 1, 0, -1)]
    return [*rows, ReferrerDay(day=LAST, **(values | last))]


def plain(rows):
    return json.loads(json.dumps(referrer_days_chart(rows, WORDS).plain()))


def test_each_panel_has_a_bar_a_day_and_amounts_are_exact():
    chart = plain(days(30, clicks=7, signups=2, earned=Money(1010, "USD"), earned_text="$10.10"))
    clicks, signups, earned = chart["data"]
    assert [trace["name"] for trace in chart["data"]] == ["Clicks", "Signups", "Earned"]
    assert [(len(trace["x"]), trace["x"][0], trace["x"][-1]) for trace in chart["data"]] == [
        (30, "2026-10-24", "2026-11-22")
    ] * 3
    assert (clicks["y"][-1], signups["y"][-1], earned["y"][-1]) == (7, 2, 10.1)
    assert earned["customdata"][-1] == "$10.10"
    assert {trace["yaxis"] for trace in chart["data"]} == {"y", "y2", "y3"}
    assert chart["layout"]["yaxis"]["tickprefix"] == "$"


@pytest.mark.parametrize(("currency", "minor", "drawn"), [("JPY", 500, 500.0), ("KWD", 1234, 1.234), ("USD", 1, 0.01)])
def test_amounts_have_the_decimals_of_their_currency(currency, minor, drawn):
    assert plain(days(7, earned=Money(minor, currency)))["data"][2]["y"][-1] == drawn


@pytest.mark.parametrize(("count", "step", "narrow"), [(7, 1, 2), (30, 7, 14), (90, 14, 28)])
def test_days_are_named_as_far_apart_as_there_is_room_for_counted_from_the_last(count, step, narrow):
    chart = plain(days(count))
    day_ms = 86_400_000
    assert chart["layout"]["xaxis"]["tick0"] == "2026-11-22"
    assert (chart["layout"]["xaxis"]["dtick"], chart["narrow"]["xaxis"]["dtick"]) == (step * day_ms, narrow * day_ms)
