"""Delete clicks that are older than their program keeps them."""

import time
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Program
from webapp.queries.clicks import links_clicked_before
from webapp.services.forgotten_clicks import FORGET_AT_ONCE, clicks_kept_since, forget_some_clicks

LINKS_AT_ONCE = 200
# A round is short: mail waits for its end. What is left is for the next one.
ROUND_SECONDS = 2.0


def forget_old_clicks(now: datetime) -> int:
    """Delete old clicks of every program, in short transactions, for one round; returns how many."""
    forgotten, began = 0, time.monotonic()
    for program_id in db.session.scalars(select(Program.id)).all():
        for link_ids in _old_links(program_id, now):
            some = FORGET_AT_ONCE
            while some == FORGET_AT_ONCE:
                if forgotten and time.monotonic() - began > ROUND_SECONDS:
                    return forgotten
                with write_transaction() as session:
                    some = forget_some_clicks(session, program_id, link_ids, now, limit=FORGET_AT_ONCE)
                forgotten += some
    db.session.rollback()
    return forgotten


def _old_links(program_id: UUID, now: datetime) -> list[list[UUID]]:
    """Return the links of a program that have old clicks, some hundred together."""
    program = db.session.get_one(Program, program_id)
    found = links_clicked_before(db.session(), program_id, clicks_kept_since(program, now))
    return [found[first : first + LINKS_AT_ONCE] for first in range(0, len(found), LINKS_AT_ONCE)]
