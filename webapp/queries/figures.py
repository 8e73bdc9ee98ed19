"""Clicks, signups and purchases by day and in all, from the roll-ups."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Date, cast, func, null, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from webapp.domain.periods import last_days
from webapp.models import LinkDay, ProgramDay

PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Counted:
    """What happened, of all three kinds."""

    clicks: int = 0
    signups: int = 0
    purchases: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.clicks + other.clicks, self.signups + other.signups, self.purchases + other.purchases)


NOTHING = Counted()


@dataclass(frozen=True, slots=True)
class Day:
    """One day; zeros when nothing happened."""

    day: date
    counted: Counted


@dataclass(frozen=True, slots=True)
class Figures:
    """All-time totals, and every day that was read, the earliest first: at least two periods of `PERIOD_DAYS`."""

    total: Counted
    read: tuple[Day, ...]

    @property
    def days(self) -> tuple[Day, ...]:
        """The last `PERIOD_DAYS` days."""
        return self.read[-PERIOD_DAYS:]

    @property
    def before(self) -> Counted:
        """The totals of as many days before them."""
        return self.sum_of_days(2 * PERIOD_DAYS, PERIOD_DAYS)

    @property
    def recent(self) -> Counted:
        """The totals of the last days."""
        return self.sum_of_days(PERIOD_DAYS)

    def sum_of_days(self, first: int, last: int = 0) -> Counted:
        """Return the totals of the last `first` days, without the very last `last` of them."""
        return sum((day.counted for day in self.read[-first : len(self.read) - last]), NOTHING)


def referrer_figures(session: Session, referrer_id: UUID, today: date, *, period_days: int = PERIOD_DAYS) -> Figures:
    """Return the figures of everything a referrer shares; two periods of `period_days` are read when that is longer."""
    return _figures(session, LinkDay, LinkDay.referrer_id == referrer_id, today, period_days)


def program_figures(session: Session, program_id: UUID, today: date) -> Figures:
    """Return the figures of a whole program."""
    return _figures(session, ProgramDay, ProgramDay.program_id == program_id, today)


def _figures(
    session: Session,
    table: type[LinkDay] | type[ProgramDay],
    whose: ColumnElement[bool],
    today: date,
    period_days: int = PERIOD_DAYS,
) -> Figures:
    sums = [func.coalesce(func.sum(counts), 0) for counts in (table.clicks, table.signups, table.purchases)]
    wanted = last_days(today, 2 * max(PERIOD_DAYS, period_days))
    by_day = select(table.day.label("day"), *sums).where(whose, table.day.between(wanted[0], wanted[-1]))
    in_all = select(cast(null(), Date).label("day"), *sums).where(whose)
    found = {
        day: Counted(int(clicks), int(signups), int(purchases))
        for day, clicks, signups, purchases in session.execute(union_all(by_day.group_by(table.day), in_all))
    }
    return Figures(found[None], tuple(Day(day, found.get(day, NOTHING)) for day in wanted))
