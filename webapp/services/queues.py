"""Letting what concerns the same thing happen one after the other."""

from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.models import Program

_LOCKS = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def queue_for(session: Session, program: Program, *names: str) -> None:
    """Wait until no other transaction of the program holds one of these names; hold them until this one ends.

    A name tells what it is of, as in "order:1001". SQLite has one writer at a time as it is.
    """
    if session.get_bind().dialect.name == "postgresql":
        keys = {
            int.from_bytes(sha256(program.id.bytes + name.encode("utf-8")).digest()[:8], signed=True) for name in names
        }
        # In one order for everybody, so that two of them never wait for each other.
        session.connection().execute(_LOCKS, {"keys": sorted(keys)})
