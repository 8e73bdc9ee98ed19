"""Keys of the API."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from webapp.models import ApiKey, AuditEntry, User
from webapp.queries.paging import older_than

PAGE = 50


def find_live_key(session: Session, key_hash: str) -> ApiKey | None:
    """Return the key with this hash; None when there is none or it was revoked."""
    return session.scalars(select(ApiKey).where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None))).one_or_none()


def find_key(session: Session, program_id: UUID, key_id: UUID) -> ApiKey | None:
    """Return a key of a program, revoked or not; None when it has none with this id."""
    return session.scalars(select(ApiKey).where(ApiKey.id == key_id, ApiKey.program_id == program_id)).one_or_none()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key, and what the audit log knows of who made it: `actor` is None for one from before the log."""

    id: UUID
    name: str
    scope: str
    created_at: datetime
    revoked_at: datetime | None
    actor: str | None
    maker_name: str | None


def list_keys(
    session: Session, program_id: UUID, *, revoked: bool, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[KeyRow], UUID | None]:
    """Return the live or the revoked keys, the newest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    whose = and_(ApiKey.program_id == program_id, ApiKey.revoked_at.is_not(None) == revoked)
    query = (
        select(
            ApiKey.id,
            ApiKey.name,
            ApiKey.scope,
            ApiKey.created_at,
            ApiKey.revoked_at,
            AuditEntry.actor,
            User.name.label("maker_name"),
        )
        .outerjoin(AuditEntry, and_(AuditEntry.subject_id == ApiKey.id, AuditEntry.action == "key_created"))
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(whose)
    )
    if before is not None:
        query = query.where(older_than(session, ApiKey.created_at, ApiKey.id, before, of=whose))
    found = session.execute(query.order_by(ApiKey.created_at.desc(), ApiKey.id.desc()).limit(limit + 1)).all()
    rows = [KeyRow(*row) for row in found]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def count_keys(session: Session, program_id: UUID) -> tuple[int, int]:
    """Return how many keys a program has: live ones, and revoked ones."""
    counted = select(func.count(), func.count(ApiKey.revoked_at)).where(ApiKey.program_id == program_id)
    every, revoked = session.execute(counted).one()
    return every - revoked, revoked
