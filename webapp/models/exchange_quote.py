"""What a currency is worth in another one, as the program says, from a moment on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class ExchangeQuote(Model):
    """One quote: one of `base` is `rate` of `counter`. Append-only: a newer one takes its place from its own moment on.

    Amounts are compared by it and never paid by it.
    """

    __tablename__ = "exchange_quotes"
    __table_args__ = (
        UniqueConstraint("program_id", "sequence"),
        CheckConstraint("base <> counter", name="two_currencies"),
        Index(None, "program_id", "base", "counter", "valid_from"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    # From 1 in a program: of two for the same moment the later one counts.
    sequence: Mapped[int]
    base: Mapped[str]
    counter: Mapped[str]
    # Exact, as text: "1.0842".
    rate: Mapped[str]
    valid_from: Mapped[datetime]
    added_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
