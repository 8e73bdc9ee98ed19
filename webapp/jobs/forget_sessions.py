"""Delete signed-in sessions, and links that sign in or were mailed, that are over."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.services.mailed_links import forget_old_links, forget_old_requests
from webapp.services.sessions import forget_old_sessions
from webapp.services.sign_in_links import forget_old_sign_in_links


def forget_sessions(now: datetime) -> int:
    """Delete what ran out; returns how many."""
    with write_transaction() as session:
        return sum(
            forget(session, now)
            for forget in (forget_old_sessions, forget_old_sign_in_links, forget_old_links, forget_old_requests)
        )
