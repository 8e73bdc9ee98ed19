"""Days as the program counts them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.periods import (
    PERIODS,
    Window,
    day_begins,
    ends_of_day,
    last_days,
    local_day,
    monday_of,
    months_back,
    next_month,
    read_as_of,
    read_month,
    weeks_between,
    window_of,
)

INSTANT = timedelta(microseconds=1)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time_zone", "midnight", "day"),
    [
        pytest.param("UTC", utc(2026, 11, 22), date(2026, 11, 22), id="UTC"),
        pytest.param("Europe/Berlin", utc(2026, 11, 21, 23), date(2026, 11, 22), id="winter in Berlin"),
        pytest.param("Europe/Berlin", utc(2026, 6, 21, 22), date(2026, 6, 22), id="summer in Berlin"),
        pytest.param("Europe/Berlin", utc(2026, 3, 28, 23), date(2026, 3, 29), id="the day of 23 hours begins"),
        pytest.param("Europe/Berlin", utc(2026, 3, 29, 22), date(2026, 3, 30), id="the day of 23 hours ends"),
        pytest.param("Europe/Berlin", utc(2026, 10, 24, 22), date(2026, 10, 25), id="the day of 25 hours begins"),
        pytest.param("Europe/Berlin", utc(2026, 10, 25, 23), date(2026, 10, 26), id="the day of 25 hours ends"),
        pytest.param("America/New_York", utc(2026, 3, 8, 5), date(2026, 3, 8), id="New York, before summer time"),
        pytest.param("America/New_York", utc(2026, 3, 9, 4), date(2026, 3, 9), id="New York, in summer time"),
        pytest.param("Pacific/Kiritimati", utc(2026, 12, 31, 10), date(2027, 1, 1), id="first into the new year"),
        pytest.param("Pacific/Pago_Pago", utc(2027, 1, 1, 11), date(2027, 1, 1), id="last into the new year"),
        pytest.param("Asia/Kathmandu", utc(2026, 11, 21, 18, 15), date(2026, 11, 22), id="a quarter of an hour off"),
        pytest.param("Africa/Cairo", utc(2026, 4, 23, 22), date(2026, 4, 24), id="a day without a midnight"),
        pytest.param("Europe/Berlin", utc(2024, 2, 28, 23), date(2024, 2, 29), id="a leap day"),
    ],
)
def test_a_day_begins_to_the_microsecond(time_zone, midnight, day):
    assert local_day(midnight, time_zone) == day
    assert local_day(midnight - INSTANT, time_zone) == day - timedelta(days=1)
    first, following = ends_of_day(day, time_zone)
    assert first == midnight == day_begins(day, time_zone)
    assert local_day(following - INSTANT, time_zone) == day
    assert local_day(following, time_zone) == day + timedelta(days=1)


@given(
    moment=st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: utc(2020, 1, 1) + timedelta(minutes=minutes)),
    hours=st.integers(-12, 14),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]),
)
def test_a_moment_has_one_day_whatever_its_offset_is_written_as(moment, hours, time_zone):
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert local_day(elsewhere, time_zone) == local_day(moment, time_zone)


def test_the_last_days_end_with_today_earliest_first():
    assert last_days(date(2026, 3, 1), 3) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert last_days(date(2024, 3, 1), 2) == [date(2024, 2, 29), date(2024, 3, 1)]
    assert last_days(date(2026, 3, 1), 1) == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("period", "time_zone", "since", "until"),
    [
        pytest.param("day", "UTC", utc(2026, 11, 26), utc(2026, 11, 27), id="a day"),
        pytest.param("week", "UTC", utc(2026, 11, 23), utc(2026, 11, 30), id="a week from Monday to Sunday"),
        pytest.param("month", "UTC", utc(2026, 11, 1), utc(2026, 12, 1), id="a month"),
        pytest.param("year", "UTC", utc(2026, 1, 1), utc(2027, 1, 1), id="a year"),
        pytest.param("day", "Europe/Berlin", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23), id="a day of 25 hours"),
        pytest.param("day", "Africa/Cairo", utc(2026, 4, 23, 22), utc(2026, 4, 24, 21), id="a day without midnight"),
        pytest.param("week", "America/New_York", utc(2026, 3, 2, 5), utc(2026, 3, 9, 4), id="a week of 167 hours"),
        pytest.param("month", "Europe/Berlin", utc(2026, 11, 30, 23), utc(2026, 12, 31, 23), id="December in Berlin"),
        pytest.param(
            "year", "Pacific/Kiritimati", utc(2025, 12, 31, 10), utc(2026, 12, 31, 10), id="first into a year"
        ),
    ],
)
def test_a_period_begins_and_ends_to_the_microsecond(period, time_zone, since, until):
    for moment in (since, since + (until - since) / 2, until - INSTANT):
        assert window_of(period, moment, time_zone) == Window(since, until)
    assert window_of(period, until, time_zone).since == until
    assert window_of(period, since - INSTANT, time_zone).until == since


def test_a_lifetime_has_no_ends():
    assert window_of("lifetime", utc(2026, 11, 26), "UTC") == Window(None, None)


@given(
    moment=st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: utc(2020, 1, 1) + timedelta(minutes=minutes)),
    period=st.sampled_from(PERIODS[:-1]),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Africa/Cairo"]),
)
def test_a_moment_lies_in_its_period(moment, period, time_zone):
    window = window_of(period, moment, time_zone)
    assert window.since <= moment < window.until


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-11", date(2026, 11, 1)),
        *((wrong, None) for wrong in ("2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "", "9999-12", "٢٠٢٦-11")),
    ],
)
def test_a_month_is_read_as_it_stands_in_an_address(text, month):
    assert read_month(text) == month


def test_months_follow_each_other_over_the_new_year():
    assert [next_month(date(2026, month, 1)) for month in (1, 11, 12)] == [
        date(2026, 2, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert months_back(date(2027, 1, 31), date(2026, 11, 30)) == [
        date(2027, 1, 1),
        date(2026, 12, 1),
        date(2026, 11, 1),
    ]
    assert months_back(date(2026, 11, 22), date(2026, 11, 1)) == [date(2026, 11, 1)]


def test_a_week_is_that_of_its_monday():
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    assert (monday_of(sunday), monday_of(monday)) == (date(2026, 11, 16), monday)
    assert [weeks_between(sunday, day) for day in (date(2026, 11, 16), monday, date(2026, 12, 31))] == [0, 1, 6]
    assert weeks_between(monday, sunday) == -1


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-05-03T14:00", "Europe/Berlin", "2026-05-03T12:00:00+00:00"),
        ("2026-05-03T14:00:59", "UTC", "2026-05-03T14:00:59+00:00"),
        pytest.param("2026-05-03", "America/New_York", "2026-05-04T03:59:59.999999+00:00", id="a day is its end"),
        pytest.param("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00", id="the first of two"),
        ("2026-02-30", "UTC", None),
        ("2026-05-03T25:00", "UTC", None),
        ("2026-05-03T14", "UTC", None),
        ("2026-05-03T14:00+02:00", "UTC", None),
        ("0001-01-01", "UTC", None),
        ("", "UTC", None),
    ],
)
def test_a_moment_as_of_which_something_is_asked(text, zone, moment):
    assert read_as_of(text, zone) == (datetime.fromisoformat(moment) if moment else None)
