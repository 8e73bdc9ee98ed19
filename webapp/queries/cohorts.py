"""Cohorts by the week in which friends joined, from the roll-ups."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import CohortWeek, ProgramDay

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The friends who joined in one week, and how many of them bought in that week and in each that followed.

    `week` is its Monday. `buyers` ends with the last week that is over.
    """

    week: date
    size: int
    buyers: tuple[int, ...]


def list_cohorts(session: Session, program_id: UUID, today: date, *, weeks: int) -> list[Cohort]:
    """Return the cohorts of the last weeks that are over, the earliest first; a week without friends is left out."""
    this_week = today - timedelta(days=today.weekday())
    first = this_week - weeks * WEEK
    sizes: dict[date, int] = {}
    joined = select(ProgramDay.day, ProgramDay.signups).where(
        ProgramDay.program_id == program_id, ProgramDay.day >= first, ProgramDay.day < this_week
    )
    for day, signups in session.execute(joined):
        week = day - timedelta(days=day.weekday())
        sizes[week] = sizes.get(week, 0) + signups
    bought = select(CohortWeek.week, CohortWeek.weeks_after, CohortWeek.buyers).where(
        CohortWeek.program_id == program_id, CohortWeek.week >= first, CohortWeek.week < this_week
    )
    buyers = {(week, weeks_after): count for week, weeks_after, count in session.execute(bought)}
    return [
        Cohort(week, size, tuple(buyers.get((week, after), 0) for after in range((this_week - week).days // 7)))
        for week, size in sorted(sizes.items())
        if size
    ]
