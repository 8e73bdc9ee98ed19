"""Forgetting what the business told beside old events, as long ago as a program keeps it.

Amounts, rewards and reasons stay; decisions were kept with what they rest on. The first answers stay too, and hold
nothing of it; what tells their question from another one is sealed, so that nobody can try what was asked.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.seals import PREFIX, Sealer
from webapp.models import Model, Program
from webapp.transactions import connection_of

# A transaction is as short as this makes it.
FORGET_AT_ONCE = 500
_ANSWERS, _CONVERSIONS = Model.metadata.tables["api_answers"], Model.metadata.tables["conversions"]


def forget_some_details(
    session: Session, program_id: UUID, sealer: Sealer, now: datetime, *, limit: int = FORGET_AT_ONCE
) -> int:
    """Forget details of a program's events that are too old, at most `limit` of each kind. Returns how many it were.

    A signup is not told but counted here: from where somebody came is forgotten with it.
    """
    days = session.scalar(select(Program.keep_metadata_days).where(Program.id == program_id))
    if days is None:
        return 0
    since, connection = now - timedelta(days=days), connection_of(session)
    old = (
        select(_CONVERSIONS.c.id)
        .where(
            _CONVERSIONS.c.program_id == program_id,
            _CONVERSIONS.c.recorded_at < since,
            _CONVERSIONS.c.details.is_not(None),
        )
        .limit(limit)
    )
    forgotten = connection.execute(update(_CONVERSIONS).where(_CONVERSIONS.c.id.in_(old)).values(details=None)).rowcount
    return max(forgotten, _seal_answers(session, program_id, sealer, since, limit=limit))


def _seal_answers(session: Session, program_id: UUID, sealer: Sealer, since: datetime, *, limit: int) -> int:
    connection = connection_of(session)
    old = select(_ANSWERS.c.operation, _ANSWERS.c.subject, _ANSWERS.c.content_hash).where(
        _ANSWERS.c.program_id == program_id,
        _ANSWERS.c.created_at < since,
        _ANSWERS.c.content_hash.not_like(f"{PREFIX}%"),
    )
    rows = connection.execute(old.limit(limit)).all()
    for operation, subject, content_hash in rows:
        same = (_ANSWERS.c.operation == operation, _ANSWERS.c.subject == subject)
        connection.execute(
            update(_ANSWERS)
            .where(_ANSWERS.c.program_id == program_id, *same)
            .values(content_hash=sealer.seal("content", content_hash))
        )
    return len(rows)
