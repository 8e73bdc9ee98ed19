"""Delete clicks that are older than their program keeps them."""

import time
from datetime import datetime

from sqlalchemy import select

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Program
from webapp.services.forgotten_clicks import FORGET_AT_ONCE, forget_some_clicks

# A round is short: mail waits for its end. What is left is for the next one.
ROUND_SECONDS = 2.0
PAUSE_SECONDS = 0.01


def forget_old_clicks(now: datetime) -> int:
    """Delete old clicks of every program, in short transactions, for one round; returns how many."""
    forgotten, began = 0, time.monotonic()
    for program_id in db.session.scalars(select(Program.id)).all():
        some = FORGET_AT_ONCE
        while some == FORGET_AT_ONCE:
            if forgotten and time.monotonic() - began > ROUND_SECONDS:
                return forgotten
            with write_transaction() as session:
                some = forget_some_clicks(session, program_id, now, limit=FORGET_AT_ONCE)
            forgotten += some
            # Clicks wait for the lock meanwhile; whoever takes it again at once could have it before them.
            time.sleep(PAUSE_SECONDS)
    db.session.rollback()
    return forgotten
