"""Keys of the API."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.models import ApiKey, Program
from webapp.services.audit import record_act

# Tells people and secret scanners what it is.
PREFIX = "gvk_"


def key_hash(secret: str) -> str:
    """Return what is stored of a key."""
    return sha256(secret.encode("utf-8")).hexdigest()


def create_key(
    session: Session,
    program: Program,
    *,
    name: str,
    scope: str,
    secret: str,
    now: datetime,
    by: UUID | None = None,
) -> ApiKey:
    """Make a key of which only the hash is kept. `secret` is random and is shown this once.

    `by` is who made it, None for the command line.
    """
    key = ApiKey(program_id=program.id, name=name, key_hash=key_hash(secret), scope=scope, created_at=now)
    session.add(key)
    session.flush()
    _record(session, key, "key_created", by=by, now=now)
    return key


def revoke_key(session: Session, key: ApiKey, *, by: UUID | None, now: datetime) -> bool:
    """Let a key open nothing from the next call on, for good. Returns False for one that was revoked already."""
    keys = ApiKey.__table__.c
    revoked = session.connection().execute(
        update(ApiKey).where(keys.id == key.id, keys.revoked_at.is_(None)).values(revoked_at=now)
    )
    if revoked.rowcount != 1:
        return False
    session.expire(key)
    _record(session, key, "key_revoked", by=by, now=now)
    return True


def _record(session: Session, key: ApiKey, action: str, *, by: UUID | None, now: datetime) -> None:
    about = {"scope": key.scope}
    record_act(session, key.program_id, action, subject="key", subject_id=key.id, by=by, now=now, details=about)
