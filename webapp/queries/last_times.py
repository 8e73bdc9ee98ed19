"""When something was last done, and what it found (`webapp.services.last_times`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.models import JobLease

# Of rows that are no lease.
PREFIX = "last "
LEDGER_VERIFIED, BACKED_UP = "ledger-verified", "backed-up"


@dataclass(frozen=True, slots=True)
class LastTime:
    """A moment, and how many of what was looked for were found."""

    at: datetime
    found: int


def last_time(session: Session, what: str) -> LastTime | None:
    """Return when something was last done; None when it never was."""
    row = session.get(JobLease, f"{PREFIX}{what}")
    return LastTime(row.held_until, int(row.holder)) if row else None
