"""A link that a referrer shares."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Link(Model):
    """A code and where it leads."""

    __tablename__ = "links"
    __table_args__ = (Index(None, "referrer_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # As it is shown.
    code: Mapped[str]
    # domain.codes.code_key: as it is found, in whatever case it was typed.
    code_key: Mapped[str] = mapped_column(unique=True)
    # What its owner calls it.
    label: Mapped[str | None]
    # None: the program's landing page.
    destination_url: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
