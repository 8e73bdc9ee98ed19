"""What was found when a referred friend was looked at, and what people made of it. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

VERDICTS = ("clear", "hold", "deny")


class Screening(Model):
    """One look at a friend: by the signals at the signup, later by people. The newest one of a friend holds.

    What the friend does while it says "hold" is rewarded, but held.
    """

    __tablename__ = "screenings"
    __table_args__ = (
        UniqueConstraint("friend_id", "sequence"),
        CheckConstraint("verdict IN ('clear', 'hold', 'deny')", name="verdict"),
        Index(None, "program_id", "screened_at"),
        Index(None, "referrer_id", "screened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # From 1, for each friend.
    sequence: Mapped[int]
    # Whose friend it was looked at as: one who is moved to somebody else by a person was looked at by that person.
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    bond: Mapped[int]
    verdict: Mapped[str]
    # Of what kind the heaviest finding is, see domain.signal_registry.Category; None where nothing was found.
    category: Mapped[str | None]
    # domain.evidence.to_stored, so that other settings can be tried on it; None where a person decided.
    evidence: Mapped[dict[str, Any] | None]
    # None: by the signals.
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    screened_at: Mapped[datetime]


class ScreeningFinding(Model):
    """What one signal found, with the numbers it rests on; nothing of a person."""

    __tablename__ = "screening_findings"

    screening_id: Mapped[UUID] = mapped_column(ForeignKey("screenings.id"), primary_key=True)
    # From 1, the heaviest first.
    position: Mapped[int] = mapped_column(primary_key=True)
    signal: Mapped[str]
    # In hundredths, as it was then.
    weight: Mapped[int]
    denies: Mapped[bool]
    saw: Mapped[dict[str, Any]] = mapped_column()
