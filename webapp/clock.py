"""The only place that asks what time it is. Everything below the edge is given `now`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)
