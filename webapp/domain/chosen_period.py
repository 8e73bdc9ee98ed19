"""The days somebody chose to look at, and as many before them to compare with."""

from dataclasses import dataclass
from datetime import date, timedelta

from webapp.domain.sentences import N_, Sentence

PRESETS = (7, 30, 90)
DEFAULT_DAYS = 30
MOST_DAYS = 400
# Before anything here can have happened.
EARLIEST = date(2000, 1, 1)


class PeriodError(ValueError):
    """What was chosen is no period; `sentence` says why and what would be one."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.sentence = Sentence(message, values)


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days of the program from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> "Period":
        """Return the period of so many days that ends with `last`."""
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of equal length that ends the day before."""
        return Period.ending(self.first - timedelta(days=1), self.days)

    def dates(self) -> list[date]:
        """Return every day, the earliest first."""
        return [self.first + timedelta(days=number) for number in range(self.days)]


def read_period(days: str | None, first: str | None, last: str | None, *, today: date) -> Period:
    """Return the period that was chosen: two days, else a number of days up to today, else the last 30.

    Raises PeriodError.
    """
    if first or last:
        return _between(first, last, today)
    if not days:
        return Period.ending(today, DEFAULT_DAYS)
    if days not in {str(preset) for preset in PRESETS}:
        raise PeriodError(N_("Choose 7, 30 or 90 days, or a first and a last day."))
    return Period.ending(today, int(days))


def _between(first: str | None, last: str | None, today: date) -> Period:
    if not first or not last:
        raise PeriodError(N_("Choose both a first and a last day."))
    try:
        period = Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError as error:
        raise PeriodError(N_("One of the two is not a day of the calendar. Write it as in 2026-11-22.")) from error
    if period.first > period.last:
        raise PeriodError(N_("The first day has to come before the last one, or be the same."))
    if period.last > today:
        raise PeriodError(N_("The last day has not come yet. Choose today or a day before."))
    if period.first < EARLIEST:
        raise PeriodError(N_("The first day is too long ago. Choose one in this century."))
    if period.days > MOST_DAYS:
        raise PeriodError(N_("That is more than %(most)s days. Choose days that are closer together."), most=MOST_DAYS)
    return period
