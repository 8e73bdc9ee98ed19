"""Ids that were sealed with the person they told of, found by what is sent again."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.seals import Sealer
from webapp.models import Conversion, Refund


def is_about_sealed(
    session: Session, program_id: UUID, sealer: Sealer, *, order_id: str | None, event_id: str | None
) -> bool:
    """Say whether an order or event that nobody has by this name is one of somebody who was erased."""
    names = {"order_id": order_id, "event_id": event_id}
    told = {name: value for name, value in names.items() if value}
    of = {"order_id": "order", "event_id": "event"}
    here = Conversion.program_id == program_id
    columns = {"order_id": Conversion.order_id, "event_id": Conversion.event_id}
    sealed = or_(*(columns[name] == sealer.seal(of[name], value) for name, value in told.items()))
    if session.scalar(select(Conversion.id).where(here, sealed).limit(1)) is None:
        return False
    plain = or_(*(columns[name] == value for name, value in told.items()))
    return session.scalar(select(Conversion.id).where(here, plain).limit(1)) is None


def is_sealed_dispute(session: Session, program_id: UUID, sealer: Sealer, event_id: str) -> bool:
    """Say whether a dispute of this name is about what somebody bought who was erased."""
    seal = sealer.seal("dispute", event_id)
    of = (Refund.program_id == program_id, Refund.kind == "dispute", Refund.event_id == seal)
    return session.scalar(select(Refund.id).where(*of)) is not None
