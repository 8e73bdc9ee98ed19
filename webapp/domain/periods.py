"""Days and longer periods as the program counts them."""

import re
from calendar import monthrange
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

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment is one of these."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the calendar day of `moment` (aware) in an IANA time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def ends_of_day(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """Return the moment at which a day begins in an IANA time zone, and the one at which the next does."""
    return day_begins(day, time_zone), day_begins(day + timedelta(days=1), time_zone)


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
        monday = monday_of(day)
        return _between(monday, monday + timedelta(days=7), time_zone)
    if period == "month":
        first = day.replace(day=1)
        return _between(first, next_month(first), time_zone)
    if period == "year":
        return _between(date(day.year, 1, 1), date(day.year + 1, 1, 1), time_zone)
    return Window()


def _between(first: date, following: date, time_zone: str) -> Window:
    return Window(day_begins(first, time_zone), day_begins(following, time_zone))


def day_begins(day: date, time_zone: str) -> datetime:
    """Return when a day begins in an IANA time zone. Where it skips midnight, that is the moment of the change."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def read_month(text: str) -> date | None:
    """Return the first day of a month written as in "2026-11"; None for anything else."""
    if not _MONTH.fullmatch(text):
        return None
    return date(int(text[:4]), int(text[5:]), 1)


def read_as_of(text: str, time_zone: str) -> datetime | None:
    """Return the moment of "2026-05-03T14:00" in an IANA time zone; "2026-05-03" is meant as its very end.

    Of an hour that clocks show twice it is the first one. None for anything else.
    """
    if not _AS_OF.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if "T" not in text:
        return day_begins(moment.date() + timedelta(days=1), time_zone) - timedelta(microseconds=1)
    return moment.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def next_month(first: date) -> date:
    """Return the first day of the month after the one that begins with `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day and time of day in UTC so many months later, earlier for a negative number.

    A day that the month does not have becomes its last one, as the 31st of January the 28th of February; every number
    of months is counted from `moment` itself. What lies beyond all dates is the last moment of them, or the first.
    """
    moment = moment.astimezone(UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return datetime.max.replace(tzinfo=UTC) if months > 0 else datetime.min.replace(tzinfo=UTC)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def months_back(today: date, since: date) -> list[date]:
    """Return the first day of each month from that of `today` back to that of `since`, the latest first."""
    months = [today.replace(day=1)]
    while months[-1] > since:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


# The years that every time zone and the step to the next month are sure of.
_MONTH = re.compile(r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_AS_OF = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?", re.ASCII)
