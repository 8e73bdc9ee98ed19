"""Delete mails that were sent or given up long ago, and give up what waits for ever."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.services.forgotten_mails import forget_some_mails, give_up_stale_mails


def forget_mails(now: datetime) -> int:
    """Delete old mails for one round; returns how many."""
    with write_transaction() as session:
        give_up_stale_mails(session, now)
        return forget_some_mails(session, now)
