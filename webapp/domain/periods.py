"""Days and longer periods as the program counts them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month", "year", "lifetime"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "year", "lifetime")


@dataclass(frozen=True, slots=True)
class Window:
    """From one moment until before another, in UTC; None is without that end."""

    since: datetime | None = None
    until: datetime | None = None


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the calendar day of `moment` (aware) in an IANA time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def ends_of_day(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """Return the moment at which a day begins in an IANA time zone, and the one at which the next does.

    Where a clock skips midnight the day begins with the change.
    """
    zone = ZoneInfo(time_zone)
    first, next_one = (datetime.combine(one, time.min, zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return first, next_one


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def weeks_between(first: date, second: date) -> int:
    """Return how many weeks the week of the second day comes after that of the first."""
    return (monday_of(second) - monday_of(first)).days // 7


def last_days(today: date, count: int) -> list[date]:
    """Return `count` days that end with `today`, the earliest first."""
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


def window_of(period: Period, moment: datetime, time_zone: str) -> Window:
    """Return the day, week (from Monday), month or year of `moment` in an IANA time zone; a lifetime has no ends."""
    day = local_day(moment, time_zone)
    if period == "day":
        return _between(day, day + timedelta(days=1), time_zone)
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return _between(monday, monday + timedelta(days=7), time_zone)
    if period == "month":
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return _between(day.replace(day=1), following, time_zone)
    if period == "year":
        return _between(date(day.year, 1, 1), date(day.year + 1, 1, 1), time_zone)
    return Window()


def _between(first: date, following: date, time_zone: str) -> Window:
    return Window(_start_of(first, time_zone), _start_of(following, time_zone))


def _start_of(day: date, time_zone: str) -> datetime:
    """Return when a day begins. Where its midnight is skipped, that is the moment of the change."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
