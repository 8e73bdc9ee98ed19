"""Keys of the API."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from webapp.models import ApiKey, Program

# Tells people and secret scanners what it is.
PREFIX = "gvk_"


def key_hash(secret: str) -> str:
    """Return what is stored of a key."""
    return sha256(secret.encode("utf-8")).hexdigest()


def create_key(session: Session, program: Program, *, name: str, scope: str, secret: str, now: datetime) -> ApiKey:
    """Make a key of which only the hash is kept. `secret` is random and is shown this once."""
    key = ApiKey(program_id=program.id, name=name, key_hash=key_hash(secret), scope=scope, created_at=now)
    session.add(key)
    session.flush()
    return key
