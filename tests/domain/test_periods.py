"""Days as the program counts them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.periods import last_days, local_day

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
