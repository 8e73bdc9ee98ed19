"""Codes of people who left, which nobody else ever gets."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class SealedCode(Model):
    """A code that was shared once, as domain.seals leaves it: to be known again and not to be read."""

    __tablename__ = "sealed_codes"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    seal: Mapped[str] = mapped_column(primary_key=True)
