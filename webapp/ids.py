"""Identifiers that are known before their row is written."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """Return a UUIDv7: ordered by the moment it was made, so that rows are appended at the end of an index."""
    return compat.uuid7()
