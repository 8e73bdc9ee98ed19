"""Remind admins of cases that nobody has decided."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.programs import list_program_ids
from webapp.services import reminders


def remind_of_cases(now: datetime) -> int:
    """Queue what is due for every program; returns how many mails."""
    ids = list_program_ids(db.session())
    # Nothing is kept open meanwhile.
    db.session.rollback()
    queued = 0
    for program_id in ids:
        with write_transaction() as session:
            queued += reminders.remind_of_cases(session, program_id, now)
    return queued
