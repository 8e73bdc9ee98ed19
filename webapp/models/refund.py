"""Money that went back to the friend: by the business itself, or by their bank against its will."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

_WAITING = text("conversion_id IS NULL")


class Refund(Model):
    """A refund or a dispute of one conversion, which may arrive before it and waits then.

    What each counts for follows from all of them, in the order in which they
    happened (`webapp.domain.refunds.counted`); it is written anew when another arrives.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("program_id", "kind", "event_id", name="uq_refunds_program_id_kind_event_id"),
        CheckConstraint("kind IN ('refund', 'dispute')", name="kind"),
        CheckConstraint("won_at IS NULL OR (kind = 'dispute' AND won_at >= occurred_at)", name="won"),
        CheckConstraint("restored_minor >= 0 AND (restored_minor = 0 OR won_at IS NOT NULL)", name="restored"),
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
    kind: Mapped[str] = mapped_column(default="refund", server_default="refund")
    # Each kind has ids of its own.
    event_id: Mapped[str]
    # How the business named the conversion: by one of these.
    order_id: Mapped[str | None]
    conversion_event_id: Mapped[str | None]
    # None: all that is left.
    wanted_minor: Mapped[int | None]
    # None while it waits for its conversion.
    conversion_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversions.id"))
    applied_minor: Mapped[int | None]
    # Of a dispute that was won: from when on it stands no more, and what that brought back.
    won_at: Mapped[datetime | None]
    restored_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class DisputeOutcome(Model):
    """How a dispute ended, once, as the business tells it; it may arrive before the dispute."""

    __tablename__ = "dispute_outcomes"
    __table_args__ = (
        UniqueConstraint("program_id", "event_id"),
        UniqueConstraint("program_id", "dispute_event_id"),
        CheckConstraint("outcome IN ('won', 'lost')", name="outcome"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    event_id: Mapped[str]
    dispute_event_id: Mapped[str]
    outcome: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
