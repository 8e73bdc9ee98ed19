"""Days as the program counts them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the calendar day of `moment` (aware) in an IANA time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def last_days(today: date, count: int) -> list[date]:
    """Return `count` days that end with `today`, the earliest first."""
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
