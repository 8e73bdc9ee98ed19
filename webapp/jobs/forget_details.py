"""Forget what was told beside orders that are older than their program keeps it."""

import time
from datetime import datetime

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.programs import list_program_ids
from webapp.services.old_details import FORGET_AT_ONCE, forget_some_details
from webapp.signing import sealer

# As of clicks: a round is short, and others come in between.
ROUND_SECONDS = 2.0
PAUSE_SECONDS = 0.01


def forget_old_details(now: datetime) -> int:
    """Forget old details of every program, in short transactions, for one round; returns how many."""
    ids, forgotten, began = list_program_ids(db.session()), 0, time.monotonic()
    # Nothing is kept open meanwhile.
    db.session.rollback()
    for program_id in ids:
        some = FORGET_AT_ONCE
        while some == FORGET_AT_ONCE:
            if forgotten and time.monotonic() - began > ROUND_SECONDS:
                return forgotten
            with write_transaction() as session:
                some = forget_some_details(session, program_id, sealer(), now)
            forgotten += some
            time.sleep(PAUSE_SECONDS)
    return forgotten
