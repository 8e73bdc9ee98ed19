"""An entry of a program's lists of whom it trusts and whom it does not."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class ScreeningEntry(Model):
    """One entry, in the spelling in which it is compared: see domain.screening_lists."""

    __tablename__ = "screening_entries"
    __table_args__ = (
        UniqueConstraint("program_id", "list", "kind", "value"),
        CheckConstraint("list IN ('allow', 'block')", name="list"),
        CheckConstraint("kind IN ('email', 'domain', 'network', 'referrer')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    list: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    added_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
