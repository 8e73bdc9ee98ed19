"""Forgetting mails that were sent or given up long ago."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.models import Model, OutboxMail
from webapp.transactions import connection_of

# A key that keeps one mail from being queued twice goes with its row: no cause may come again after this long.
KEPT = timedelta(days=180)
# A server that is away for days burns few tries; what has waited for longer than this would only surprise people.
STALE = timedelta(days=7)
FORGET_AT_ONCE = 500
_MAILS = Model.metadata.tables["outbox_mails"]


def forget_some_mails(session: Session, now: datetime, *, limit: int = FORGET_AT_ONCE) -> int:
    """Delete mails that ended long ago, at most `limit`. Returns how many."""
    # The oldest by their ids, which is by their age: none but those can be old enough, and no index is needed.
    oldest = session.scalars(select(OutboxMail.id).order_by(OutboxMail.id).limit(limit)).all()
    old = delete(_MAILS).where(_MAILS.c.id.in_(oldest), _MAILS.c.ended_at < now - KEPT)
    return connection_of(session).execute(old).rowcount


def give_up_stale_mails(session: Session, now: datetime) -> int:
    """Give up what has waited for too long. Returns how many."""
    stale = (_MAILS.c.ended_at.is_(None), _MAILS.c.created_at < now - STALE)
    over = update(_MAILS).where(*stale).values(ended_at=now, email=None, unsent_because="tries")
    return connection_of(session).execute(over).rowcount
