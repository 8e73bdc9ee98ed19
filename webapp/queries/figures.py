"""Clicks and signups by day and in all, from the roll-ups."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from webapp.domain.periods import last_days
from webapp.models import LinkDay, ProgramDay

PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day; zeros when nothing happened."""

    day: date
    clicks: int
    signups: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All-time totals, the last `PERIOD_DAYS` days (earliest first) and the totals of as many days before them."""

    clicks: int
    signups: int
    days: tuple[Day, ...]
    clicks_before: int
    signups_before: int

    @property
    def recent_clicks(self) -> int:
        return sum(day.clicks for day in self.days)

    @property
    def recent_signups(self) -> int:
        return sum(day.signups for day in self.days)


def referrer_figures(session: Session, referrer_id: UUID, today: date) -> Figures:
    """Return the figures of everything a referrer shares."""
    return _figures(session, LinkDay, LinkDay.referrer_id == referrer_id, today)


def program_figures(session: Session, program_id: UUID, today: date) -> Figures:
    """Return the figures of a whole program."""
    return _figures(session, ProgramDay, ProgramDay.program_id == program_id, today)


def _figures(
    session: Session, table: type[LinkDay] | type[ProgramDay], whose: ColumnElement[bool], today: date
) -> Figures:
    sums = (func.coalesce(func.sum(table.clicks), 0), func.coalesce(func.sum(table.signups), 0))
    clicks, signups = session.execute(select(*sums).where(whose)).one()
    wanted = last_days(today, 2 * PERIOD_DAYS)
    by_day = {
        day: (int(c), int(s))
        for day, c, s in session.execute(
            select(table.day, *sums).where(whose, table.day.between(wanted[0], wanted[-1])).group_by(table.day)
        )
    }
    before, period = wanted[:PERIOD_DAYS], wanted[PERIOD_DAYS:]
    return Figures(
        clicks=int(clicks),
        signups=int(signups),
        days=tuple(Day(day, *by_day.get(day, (0, 0))) for day in period),
        clicks_before=sum(by_day.get(day, (0, 0))[0] for day in before),
        signups_before=sum(by_day.get(day, (0, 0))[1] for day in before),
    )
