"""The salts that addresses are hashed with: one for each seven days, destroyed seven days after its last.

Seven days after the last address was hashed with it, and fourteen after the first, nobody can tell any more which
address a hash stands for, nor whether another one is the same: not with SECRET_KEY either.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.models import AddressSalt
from webapp.transactions import connection_of

IN_FORCE = timedelta(days=7)
# From its beginning until it is destroyed.
KEPT = 2 * IN_FORCE
SALT_OCTETS = 32
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Salt:
    """A salt; addresses are hashed with it from `begins_at` on, until just before `ends_at`."""

    salt: bytes
    begins_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + IN_FORCE


def current_salt(session: Session, now: datetime) -> Salt | None:
    """Return the salt in force, None while nobody has made it (`ensure_salt`)."""
    return next((salt for salt in living_salts(session, now) if now < salt.ends_at), None)


def living_salts(session: Session, now: datetime) -> list[Salt]:
    """Return every salt with which a stored hash can still be compared, the one in force first."""
    rows = session.execute(
        select(AddressSalt.salt, AddressSalt.begins_at)
        .where(AddressSalt.begins_at <= now, AddressSalt.begins_at > now - KEPT)
        .order_by(AddressSalt.begins_at.desc())
    )
    return [Salt(bytes(salt), begins_at) for salt, begins_at in rows]


def ensure_salt(session: Session, now: datetime) -> Salt:
    """Return the salt in force at a moment, and make it when there is none.

    Each has its own seven days on the calendar, so that two processes that make one at once end with the same.
    """
    begins_at = _FIRST + (now - _FIRST) // IN_FORCE * IN_FORCE
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    found = select(AddressSalt.salt).where(AddressSalt.begins_at == begins_at)
    salt = session.scalar(found)
    if salt is None:
        drawn = dialect.insert(AddressSalt).values(salt=secrets.token_bytes(SALT_OCTETS), begins_at=begins_at)
        session.execute(drawn.on_conflict_do_nothing(index_elements=["begins_at"]))
        salt = session.scalars(found).one()
    return Salt(bytes(salt), begins_at)


def destroy_old_salts(session: Session, now: datetime) -> int:
    """Delete the salts that nothing may be compared with any more. Returns how many."""
    over = delete(AddressSalt).where(AddressSalt.begins_at <= now - KEPT)
    return connection_of(session).execute(over).rowcount
