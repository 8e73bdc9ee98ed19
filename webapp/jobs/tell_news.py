"""Gather what is new for people into mails, at most one of each kind a day."""

import time
from datetime import datetime

from webapp.database import write_transaction
from webapp.domain.mail_kinds import NEWS
from webapp.extensions import db
from webapp.queries.news import people_with_news
from webapp.services.news import queue_news

# A transaction is as short as this makes it: conversions that come meanwhile wait for it on SQLite.
AT_ONCE = 100
# A round is short: mail waits for its end. What is left is for the next one.
ROUND_SECONDS = 2.0
PAUSE_SECONDS = 0.01


def tell_news(now: datetime) -> int:
    """Queue mails for one round; returns how many. What they say is looked up when they are sent."""
    queued, began = 0, time.monotonic()
    for kind in NEWS:
        some = _queue(kind, now)
        while some:
            queued += some
            # Conversions wait for the lock meanwhile; whoever takes it again at once could have it before them.
            time.sleep(PAUSE_SECONDS)
            some = _queue(kind, now) if time.monotonic() - began < ROUND_SECONDS else 0
    return queued


def _queue(kind: str, now: datetime) -> int:
    people = people_with_news(db.session(), kind, now, limit=AT_ONCE)
    # Nothing is kept open meanwhile.
    db.session.rollback()
    if not people:
        return 0
    with write_transaction() as session:
        return queue_news(session, people, kind, now)
