"""The days somebody chose to look at."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.chosen_period import MOST_DAYS, Period, PeriodError, read_period
from webapp.domain.sentences import plain

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("days", "first", "last", "chosen"),
    [
        pytest.param(
            None, None, None, ("2026-10-28", "2026-11-26"), id="30 days, today included, when nothing is said"
        ),
        pytest.param("7", None, None, ("2026-11-20", "2026-11-26"), id="a week"),
        pytest.param("90", "", "", ("2026-08-29", "2026-11-26"), id="an empty form is no choice"),
        pytest.param("7", "2026-11-01", "2026-11-07", ("2026-11-01", "2026-11-07"), id="two days win"),
        pytest.param(None, "2026-11-26", "2026-11-26", ("2026-11-26", "2026-11-26"), id="one day"),
        pytest.param(None, "2024-02-29", "2025-04-03", ("2024-02-29", "2025-04-03"), id="400 days, a leap day in them"),
    ],
)
def test_a_period_is_read(days, first, last, chosen):
    period = read_period(days, first, last, today=TODAY)
    assert (period.first.isoformat(), period.last.isoformat()) == chosen


@pytest.mark.parametrize(
    ("days", "first", "last", "said"),
    [
        pytest.param("14", None, None, "7, 30 or 90", id="another number"),
        pytest.param("0", None, None, "7, 30 or 90", id="none"),
        pytest.param("²", None, None, "7, 30 or 90", id="a digit that is no number"),
        pytest.param(None, "2026-11-01", None, "both", id="no last day"),
        pytest.param(None, None, "2026-11-01", "both", id="no first day"),
        pytest.param(None, "2026-02-30", "2026-03-01", "not a day", id="no day of the calendar"),
        pytest.param(None, "yesterday", "2026-03-01", "not a day", id="a word"),
        pytest.param(None, "2026-11-02", "2026-11-01", "before the last", id="backwards"),
        pytest.param(None, "2026-11-20", "2026-11-27", "not come yet", id="tomorrow"),
        pytest.param(None, "0001-01-01", "0001-01-02", "too long ago", id="the first days there are"),
        pytest.param(None, "2024-02-28", "2025-04-03", f"more than {MOST_DAYS} days", id="a day too many"),
    ],
)
def test_what_is_no_period_is_refused_in_a_sentence(days, first, last, said):
    with pytest.raises(PeriodError) as refusal:
        read_period(days, first, last, today=TODAY)
    assert said in plain(refusal.value.sentence)


@given(last=st.dates(date(2001, 1, 1), date(2100, 1, 1)), days=st.integers(1, MOST_DAYS))
def test_the_period_before_is_as_long_and_ends_the_day_before(last, days):
    period = Period.ending(last, days)
    assert period.days == period.before.days == len(period.dates()) == days
    assert (period.first - period.before.last).days == 1
    assert [*period.before.dates(), *period.dates()] == Period(period.before.first, last).dates()
