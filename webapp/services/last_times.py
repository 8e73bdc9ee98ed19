"""When something was last done that many only ask the time of, and what it found."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.models import JobLease
from webapp.queries.last_times import PREFIX


def remember_time(session: Session, what: str, now: datetime, *, found: int = 0) -> None:
    """Remember that something was done now, in the place of the time before.

    It stands beside who may run the jobs: a moment under a name, which a backup leaves out as well.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"holder": str(found), "held_until": now}
    session.execute(
        dialect.insert(JobLease)
        .values(name=f"{PREFIX}{what}", **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
