"""Delete mails that were sent or given up long ago, and give up what waits for ever."""

import time
from datetime import datetime

from webapp.database import write_transaction
from webapp.services.forgotten_mails import forget_some_mails, give_up_stale_mails

# A round is short: mail that is to be sent waits for its end. What is left is for the next one.
ROUND_SECONDS = 2.0
PAUSE_SECONDS = 0.01


def forget_mails(now: datetime) -> int:
    """Delete old mails for one round, in short transactions; returns how many."""
    with write_transaction() as session:
        give_up_stale_mails(session, now)
    forgotten, some, began = 0, 1, time.monotonic()
    while some and time.monotonic() - began < ROUND_SECONDS:
        with write_transaction() as session:
            some = forget_some_mails(session, now)
        forgotten += some
        time.sleep(PAUSE_SECONDS)
    return forgotten
