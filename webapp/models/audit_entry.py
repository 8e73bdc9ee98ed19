"""What people with rights did: published a rule, decided about a reward, changed a role."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class AuditEntry(Model):
    """One act, chained to the one before it. Append-only: ids, codes and numbers, never names or free text."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("program_id", "sequence"),
        CheckConstraint("actor IN ('system', 'api', 'person', 'command')", name="actor"),
        Index(None, "program_id", "at"),
        Index(None, "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    # From 1, without a gap in a program.
    sequence: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str]
    # A key for "api", a user for "person".
    actor_id: Mapped[UUID | None]
    # What was done, as in "rule_published", and to what, as in "reward".
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]]
    # Of this entry and the hash before it, so that none can be altered or left out unseen.
    hash: Mapped[str]
