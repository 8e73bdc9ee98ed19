"""How friends came, as it is kept with the bond between them and their referrer.

Link and campaign are the referral's. The country is told by the signup, so
that it outlives the click.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, FromClause, case, select
from sqlalchemy.orm import Session

from webapp.domain.facts import ORIGIN
from webapp.models import Model

COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Came:
    """How a friend came, by the names of `ORIGIN`, and when they signed up."""

    origin: Mapping[str, str]
    signed_up_at: datetime


def origin_columns(
    referrals: FromClause, links: FromClause, friend_id: BindParameter[UUID] | ColumnElement[UUID]
) -> list[ColumnElement[Any]]:
    """Return what is known of how a friend came as columns by the names of `ORIGIN`, of a query of their referral."""
    signups = Model.metadata.tables["conversions"].alias("signups")
    country = (
        select(signups.c.details[COUNTRY].as_string())
        .where(
            signups.c.user_id == friend_id,
            signups.c.type == "signup",
            # The one that was counted here; what else the business reports as a signup has an id of its own. Nothing
            # about the program: SQLite would look through all of its signups, which have no id.
            signups.c.event_id.is_(None),
        )
        .limit(1)
        .scalar_subquery()
    )
    found = {
        COUNTRY: case((referrals.c.id.is_not(None), country)),
        "link": links.c.code,
        **{name: referrals.c[name] for name in ORIGIN[2:]},
    }
    return [found[name].label(name) for name in ORIGIN]


def known_origin(told: Mapping[str, str | None]) -> dict[str, str]:
    """Return what is known of how a friend came, of what may not be."""
    return {name: value for name in ORIGIN if (value := told.get(name))}


def came_of(session: Session, program_id: UUID, friend_id: UUID) -> Came | None:
    """Return how a friend came, by the bond that holds now; None for someone whom nobody referred."""
    referrals, links = (Model.metadata.tables[name] for name in ("referrals", "links"))
    row = (
        session.execute(
            select(referrals.c.created_at, *origin_columns(referrals, links, referrals.c.friend_id))
            .join_from(referrals, links, links.c.id == referrals.c.link_id)
            .where(referrals.c.program_id == program_id, referrals.c.friend_id == friend_id)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else Came(known_origin(row), row["created_at"])  # type: ignore[arg-type]
