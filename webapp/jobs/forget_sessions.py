"""Delete signed-in sessions that are over."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.services.sessions import forget_old_sessions


def forget_sessions(now: datetime) -> int:
    """Delete what ran out; returns how many."""
    with write_transaction() as session:
        return forget_old_sessions(session, now)
