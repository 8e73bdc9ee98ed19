"""Gather what is new for people into mails, at most one of each kind a day."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.domain.mail_kinds import NEWS
from webapp.extensions import db
from webapp.queries.news import people_with_news
from webapp.services.news import queue_news

# A transaction is as short as this makes it: conversions that come meanwhile wait for it on SQLite.
AT_ONCE = 100


def tell_news(now: datetime) -> int:
    """Queue one round of mails; returns how many. What they say is looked up when they are sent."""
    queued = 0
    for kind in NEWS:
        people = people_with_news(db.session(), kind, now, limit=AT_ONCE)
        # Nothing is kept open meanwhile.
        db.session.rollback()
        if people:
            with write_transaction() as session:
                queued += queue_news(session, people, kind, now)
    return queued
