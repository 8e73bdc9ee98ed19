"""Approve rewards whose hold period is over."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.services.rewards import MATURE_AT_ONCE, mature_rewards


def mature_due_rewards(now: datetime) -> int:
    """Approve what is due, in short transactions; returns how many."""
    matured = 0
    while True:
        with write_transaction() as session:
            some = mature_rewards(session, now)
        matured += some
        if some < MATURE_AT_ONCE:
            return matured
