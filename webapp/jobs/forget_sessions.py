"""Delete signed-in sessions, sign-in links and mailed links that are over."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.services.mailed_links import forget_old_links
from webapp.services.sessions import forget_old_sessions
from webapp.services.sign_in_links import forget_old_sign_in_links


def forget_sessions(now: datetime) -> int:
    """Delete what ran out; returns how many."""
    with write_transaction() as session:
        over = forget_old_sessions(session, now) + forget_old_sign_in_links(session, now)
        return over + forget_old_links(session, now)
