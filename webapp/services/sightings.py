"""Remembering for two weeks where and with what people signed up and signed in."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.models import Sighting
from webapp.services.address_salts import KEPT
from webapp.transactions import connection_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A browser on its address, None where nobody told. `browser` and `device` are families, the hashes keyed ones.

    `hashes` are those of the address and of its network under each salt that is still alive, the one in force first:
    the others are for comparing with what was seen before it came into force. The `address` itself is looked up in
    the program's lists and kept nowhere.
    """

    visitor_id: UUID | None = None
    browser: str | None = None
    device: str | None = None
    hashes: tuple[tuple[bytes | None, bytes | None], ...] = ()
    address: str | None = field(default=None, repr=False)

    @property
    def address_hash(self) -> bytes | None:
        return self.hashes[0][0] if self.hashes else None

    @property
    def network_hash(self) -> bytes | None:
        return self.hashes[0][1] if self.hashes else None


# Of whom nothing was told.
UNSEEN = Seen()


def record_sighting(session: Session, user_id: UUID, seen: Seen, *, is_signup: bool, now: datetime) -> None:
    """Keep where somebody was seen."""
    row = Sighting(
        user_id=user_id,
        seen_at=now,
        is_signup=is_signup,
        visitor_id=seen.visitor_id,
        browser=seen.browser,
        device=seen.device,
        address_hash=seen.address_hash,
        network_hash=seen.network_hash,
    )
    session.add(row)
    session.flush()


def forget_old_sightings(session: Session, now: datetime) -> int:
    """Delete what can no longer be compared with anything. Returns how many."""
    return connection_of(session).execute(delete(Sighting).where(Sighting.seen_at <= now - KEPT)).rowcount
