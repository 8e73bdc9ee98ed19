"""Recording clicks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp.ids import new_id
from webapp.models import Link, Model, Program
from webapp.services.rollups import count_click
from webapp.transactions import connection_of

_INSERT = insert(Model.metadata.tables["clicks"])


@dataclass(frozen=True, slots=True)
class Visit:
    """What is kept of how a visitor came: the host they came from and the campaign fields. None when not told."""

    source_host: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None


def record_click(
    session: Session, program: Program, link: Link, *, visitor_id: UUID, visit: Visit, now: datetime
) -> UUID:
    """Store a click and count it. Returns its id."""
    click_id = new_id()
    # Past the object mapper: this is the busiest write there is.
    connection_of(session).execute(
        _INSERT,
        {
            "id": click_id,
            "program_id": program.id,
            "link_id": link.id,
            "visitor_id": visitor_id,
            "clicked_at": now,
            "source_host": visit.source_host,
            "utm_source": visit.utm_source,
            "utm_medium": visit.utm_medium,
            "utm_campaign": visit.utm_campaign,
        },
    )
    count_click(session, program, link, now)
    return click_id
