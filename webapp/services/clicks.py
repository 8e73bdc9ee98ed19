"""Recording clicks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, bindparam, exists, insert, not_
from sqlalchemy.orm import Session

from webapp.domain.periods import ends_of_day, local_day
from webapp.ids import new_id
from webapp.models import Link, Model, Program
from webapp.services.queues import queue_for
from webapp.services.rollups import count_click
from webapp.transactions import connection_of

_CLICKS = Model.metadata.tables["clicks"]
_INSERT = insert(_CLICKS)


@dataclass(frozen=True, slots=True)
class Visit:
    """What is kept of how a visitor came. None when not told.

    `source_host` is the host of the page they came from; `browser` and `device` are families, `country` is ISO
    3166-1; `address_hash` and `network_hash` are keyed hashes of the address and of its /64.
    """

    source_host: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    browser: str | None = None
    device: str | None = None
    country: str | None = None
    address_hash: bytes | None = None
    network_hash: bytes | None = None


def record_click(
    session: Session,
    program: Program,
    link: Link,
    *,
    visitor_id: UUID,
    visit: Visit,
    now: datetime,
    new_visitor: bool = False,
) -> UUID:
    """Store a click and count it. Returns its id.

    Whoever has just made the visitor's id says so: then nothing has to be looked up.
    """
    utm = (visit.utm_source, visit.utm_medium, visit.utm_campaign)
    click_id = new_id()
    row = {
        "id": click_id,
        "program_id": program.id,
        "link_id": link.id,
        "visitor_id": visitor_id,
        "clicked_at": now,
        "source_host": visit.source_host,
        **dict(zip(("utm_source", "utm_medium", "utm_campaign"), utm, strict=True)),
    }
    new_today, new_on_link = _insert_new(session, row) if new_visitor else _insert(session, program, row, now)
    count_click(session, program, link, now, *utm, new_today=new_today, new_on_link=new_on_link)
    return click_id


# Past the object mapper: this is the busiest write there is.
def _insert_new(session: Session, row: dict[str, Any]) -> tuple[bool, bool]:
    connection_of(session).execute(_INSERT, {**row, "new_today": True, "new_on_link": True})
    return True, True


def _insert(session: Session, program: Program, row: dict[str, Any], now: datetime) -> tuple[bool, bool]:
    """Store a click and say whether it is the visitor's first of the day, in the program and through the link."""
    # Two taps at once are one visitor. Not a queue for each visitor: whoever tells a long story in one transaction
    # holds all of them, and a server knows only so many.
    queue_for(session, program.id, f"visitors:{row['visitor_id'].hex[:2]}")
    since, until = ends_of_day(local_day(now, program.time_zone), program.time_zone)
    of = {f"of_{name}": row[name] for name in ("visitor_id", "program_id", "link_id")}
    flags = connection_of(session).execute(_INSERT_AND_LOOK, {**row, **of, "since": since, "until": until}).one()
    return flags.new_today, flags.new_on_link


def _insert_and_look() -> Insert:
    earlier = _CLICKS.alias("earlier")
    that_day = (
        earlier.c.visitor_id == bindparam("of_visitor_id", type_=_CLICKS.c.visitor_id.type),
        earlier.c.clicked_at >= bindparam("since", type_=_CLICKS.c.clicked_at.type),
        earlier.c.clicked_at < bindparam("until", type_=_CLICKS.c.clicked_at.type),
    )

    def none_of(column: str) -> ColumnElement[bool]:
        return not_(
            exists().where(*that_day, earlier.c[column] == bindparam(f"of_{column}", type_=_CLICKS.c[column].type))
        )

    flags = {"new_today": none_of("program_id"), "new_on_link": none_of("link_id")}
    return insert(_CLICKS).values(**flags).returning(*(_CLICKS.c[name] for name in flags))


# Built once, at some cost.
_INSERT_AND_LOOK = _insert_and_look()
