"""What whoever watches the site asks again and again: each found by an index, however much there is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.models import OutboxMail, Reward
from webapp.queries.last_times import BACKED_UP, LEDGER_VERIFIED, LastTime, last_time


@dataclass(frozen=True, slots=True)
class Watched:
    """How long what waits has waited, in seconds; 0 when nothing does. None where nobody knows."""

    oldest_mail_seconds: float
    oldest_held_seconds: float
    database_bytes: int | None
    ledger_verified: LastTime | None
    backed_up: LastTime | None


def watched(session: Session, now: datetime) -> Watched:
    """Return what is watched, as of now."""
    mail = session.scalar(select(func.min(OutboxMail.created_at)).where(OutboxMail.ended_at.is_(None)))
    held = session.scalar(select(func.min(Reward.granted_at)).where(Reward.status == "held"))
    return Watched(
        oldest_mail_seconds=_seconds(mail, now),
        oldest_held_seconds=_seconds(held, now),
        database_bytes=_bytes(session),
        ledger_verified=last_time(session, LEDGER_VERIFIED),
        backed_up=last_time(session, BACKED_UP),
    )


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _bytes(session: Session) -> int | None:
    bind = session.get_bind()
    if bind.dialect.name == "postgresql":
        size: int | None = session.scalar(text("SELECT pg_database_size(current_database())"))
        return size
    path = Path(bind.engine.url.database or "")
    # What was written last stands beside it.
    files = [path, path.with_name(f"{path.name}-wal")]
    return sum(file.stat().st_size for file in files if file.exists())
