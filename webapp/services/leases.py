"""The right to run the background jobs, which one process has at a time."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.models import JobLease

LEASE = timedelta(seconds=30)
# Nobody is given one for longer. One beyond this was taken while a clock was wrong, and would stop all jobs until then.
FARTHEST = timedelta(hours=1)


def take_lease(session: Session, name: str, holder: str, now: datetime) -> bool:
    """Take or renew a lease. False while another process holds it."""
    over = (JobLease.held_until <= now) | (JobLease.held_until > now + FARTHEST)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(JobLease).values(name=name, holder=holder, held_until=now).on_conflict_do_nothing())
    take = (
        update(JobLease)
        .where(JobLease.name == name, (JobLease.holder == holder) | over)
        .values(holder=holder, held_until=now + LEASE)
    )
    return session.connection().execute(take).rowcount == 1


def give_lease_back(session: Session, name: str, holder: str) -> None:
    """Let the next process take over at once."""
    session.execute(delete(JobLease).where(JobLease.name == name, JobLease.holder == holder))
