"""Money that went back to the friend."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

_WAITING = text("conversion_id IS NULL")


class Refund(Model):
    """A refund of one conversion, which may arrive before it and waits then."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("program_id", "event_id"),
        CheckConstraint("(order_id IS NULL) <> (conversion_event_id IS NULL)", name="refers"),
        CheckConstraint("wanted_minor >= 0 AND applied_minor >= 0", name="amounts"),
        CheckConstraint("(conversion_id IS NULL) = (applied_minor IS NULL)", name="applied"),
        Index(None, "conversion_id"),
        Index(
            "ix_refunds_waiting_order",
            "program_id",
            "order_id",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index(
            "ix_refunds_waiting_event",
            "program_id",
            "conversion_event_id",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    event_id: Mapped[str]
    # How the business named the conversion: by one of these.
    order_id: Mapped[str | None]
    conversion_event_id: Mapped[str | None]
    # None: all that is left.
    wanted_minor: Mapped[int | None]
    # None while the refund waits for its conversion.
    conversion_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversions.id"))
    applied_minor: Mapped[int | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
