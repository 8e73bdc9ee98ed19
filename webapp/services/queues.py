"""Letting what concerns the same thing happen one after the other."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.transactions import connection_of

_LOCKS = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key"


def queue_for(session: Session, program_id: UUID, *names: str) -> None:
    """Wait until no other transaction of the program holds one of these names; hold them until this one ends.

    A name tells what it is of, as in "order:1001". Those that are held already cost nothing, so whoever knows
    several beforehand takes them at once. SQLite has one writer at a time as it is.
    """
    if connection_of(session).dialect.name != "postgresql":
        return
    keys = {int.from_bytes(sha256(program_id.bytes + name.encode("utf-8")).digest()[:8], signed=True) for name in names}
    held = _held(session)
    if wanted := keys - held:
        # In one order for everybody, so that two of them never wait for each other.
        connection_of(session).exec_driver_sql(_LOCKS, {"keys": sorted(wanted)})
        held |= wanted


def _held(session: Session) -> set[int]:
    """Return what the session's transaction holds."""
    transaction = session.get_transaction()
    of, held = session.info.get("queued", (None, set()))
    if of is not transaction or transaction is None:
        held = set()
        session.info["queued"] = (transaction, held)
    keys: set[int] = held
    return keys
