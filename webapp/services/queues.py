"""Letting what concerns the same thing happen one after the other."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.transactions import connection_of

_LOCKS = (
    "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key"
    " UNION ALL SELECT pg_advisory_xact_lock_shared(key) FROM unnest(%(beside)s::bigint[]) AS key"
)


def queue_for(session: Session, program_id: UUID, *names: str, beside: str | None = None) -> None:
    """Wait until no other transaction of the program holds one of these names; hold them until this one ends.

    A name tells what it is of, as in "order:1001". Those that are held already cost nothing, so whoever knows
    several beforehand takes them at once. `beside` is a name that is held together with all others who hold it
    like this. SQLite has one writer at a time as it is.
    """
    if connection_of(session).dialect.name != "postgresql":
        return
    alone, together = _held(session)
    wanted = {_key(program_id, name) for name in names} - alone
    shared = {_key(program_id, beside)} - alone - together if beside else set()
    if wanted or shared:
        # In one order for everybody, so that two of them never wait for each other.
        connection_of(session).exec_driver_sql(_LOCKS, {"keys": sorted(wanted), "beside": sorted(shared)})
        alone |= wanted
        together |= shared


def _key(program_id: UUID, name: str) -> int:
    return int.from_bytes(sha256(program_id.bytes + name.encode("utf-8")).digest()[:8], signed=True)


def _held(session: Session) -> tuple[set[int], set[int]]:
    """Return what the session's transaction holds, alone and together with others."""
    transaction = session.get_transaction()
    of, alone, together = session.info.get("queued", (None, set(), set()))
    if of is not transaction or transaction is None:
        alone, together = set(), set()
        session.info["queued"] = (transaction, alone, together)
    return alone, together
