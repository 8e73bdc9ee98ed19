"""Keep a salt for addresses in force, and destroy those whose time is over, with what nobody can compare after it."""

from datetime import datetime, timedelta

from webapp.database import write_transaction
from webapp.services.address_salts import destroy_old_salts, ensure_salt
from webapp.services.sightings import forget_old_sightings

# The next one is there before it is needed, so that no click has to wait for it.
AHEAD = timedelta(days=1)


def rotate_address_salts(now: datetime) -> int:
    """Make what salts are missing and destroy those that are over; returns how many were destroyed."""
    with write_transaction() as session:
        ensure_salt(session, now)
        ensure_salt(session, now + AHEAD)
        forget_old_sightings(session, now)
        return destroy_old_salts(session, now)
