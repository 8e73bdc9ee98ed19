"""Who is banned from earning rewards."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from webapp.models import Model


def is_banned(user_id: Any) -> ColumnElement[bool]:
    """Return the part of a query that tells whether somebody, an id or a column of ids, is banned."""
    bans = Model.metadata.tables["bans"]
    newest = select(bans.c.is_banned).where(bans.c.user_id == user_id).order_by(bans.c.sequence.desc()).limit(1)
    return func.coalesce(newest.scalar_subquery(), False)
