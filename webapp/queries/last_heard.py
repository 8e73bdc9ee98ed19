"""When something was last heard from the business's own site."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.models import Click, Conversion, Refund, User


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The moment of the latest of each, None without any. Signups and purchases are those that were reported."""

    click: datetime | None
    signup: datetime | None
    purchase: datetime | None
    refund: datetime | None


def last_heard(session: Session, program_id: UUID) -> LastHeard:
    """Return when each kind of thing last happened in a program."""
    return LastHeard(
        click=_latest(session, Click.clicked_at, Click, program_id),
        signup=_latest(session, User.created_at, User, program_id, User.external_id.is_not(None)),
        purchase=_latest(
            session,
            Conversion.recorded_at,
            Conversion,
            program_id,
            Conversion.type == "purchase",
            Conversion.event_id.is_not(None),
        ),
        refund=_latest(session, Refund.recorded_at, Refund, program_id),
    )


def _latest(
    session: Session,
    at: InstrumentedAttribute[datetime],
    model: Any,
    program_id: UUID,
    *conditions: ColumnElement[bool],
) -> datetime | None:
    # Ids grow with time, so the newest row is found from the end of the primary key.
    query = select(at).where(model.program_id == program_id, *conditions).order_by(model.id.desc()).limit(1)
    return session.scalar(query)
