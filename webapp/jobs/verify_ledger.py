"""Check every invariant of the money once a day, where nobody waits for it, and keep how many were broken."""

import os
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from webapp.database import snapshot_for_streaming, write_transaction
from webapp.extensions import db
from webapp.logs import log
from webapp.queries.last_times import LEDGER_VERIFIED, last_time
from webapp.queries.ledger import breaches
from webapp.queries.programs import default_program
from webapp.services.last_times import remember_time

# At night, once; by day only when that was missed.
QUIET_HOURS = range(2, 5)
AGAIN_AFTER, AT_THE_LATEST = timedelta(hours=20), timedelta(hours=36)
# Whoever has so many does not count them one by one.
MOST_COUNTED = 1_000
LEAST_URGENT = 19


def is_due(now: datetime) -> bool:
    """Say whether it is time: in the small hours of the program, or long since the last time, or for the first one.

    A last time that is still to come was noted while the clock was wrong.
    """
    session = db.session()
    last, program = last_time(session, LEDGER_VERIFIED), default_program(session)
    zone = program.time_zone
    session.rollback()
    if last is None or now - last.at >= AT_THE_LATEST or last.at - now >= AGAIN_AFTER:
        return True
    return now - last.at >= AGAIN_AFTER and now.astimezone(ZoneInfo(zone)).hour in QUIET_HOURS


def verify_ledger(now: datetime) -> int:
    """Read the books as of one moment, and keep how many breaches were found; returns that."""
    _go_behind_others()
    with snapshot_for_streaming(db.engine) as session:
        found = sum(1 for _breach in islice(breaches(session), MOST_COUNTED))
    with write_transaction() as session:
        remember_time(session, LEDGER_VERIFIED, now, found=found)
    if found:
        log.error("ledger_breached", breaches=found, hint="run `flask --app wsgi ledger verify`")
    return found


def _go_behind_others() -> None:
    """Let whoever serves pages go first, when this is a thread of its own. It cannot become more urgent again."""
    if threading.current_thread() is not threading.main_thread():
        # Only Linux gives each thread an urgency of its own.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_URGENT)
