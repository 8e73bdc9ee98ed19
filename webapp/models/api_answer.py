"""What the API answered, for good: the same event sent again gets the same answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class ApiAnswer(Model):
    """The first answer to an event. `subject` is the id that the business gave it."""

    __tablename__ = "api_answers"
    __table_args__ = (
        CheckConstraint(
            "operation IN ('signup', 'conversion', 'refund', 'dispute', 'dispute_outcome',"
            " 'redemption', 'redemption_reversal', 'fulfilment')",
            name="operation",
        ),
    )

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    # SHA-256 of the fields as they were understood: tells the same content from another.
    content_hash: Mapped[str]
    # JSON text, byte for byte.
    body: Mapped[str]
    created_at: Mapped[datetime]
