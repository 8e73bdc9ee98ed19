"""Keys of the API."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import ApiKey


def find_live_key(session: Session, key_hash: str) -> ApiKey | None:
    """Return the key with this hash; None when there is none or it was revoked."""
    return session.scalars(select(ApiKey).where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None))).one_or_none()
