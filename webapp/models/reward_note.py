"""What someone wrote when they decided about a reward. Apart from its history, so that it can be forgotten."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class RewardNote(Model):
    """The words that go with one event of a reward, for staff only."""

    __tablename__ = "reward_notes"

    reward_id: Mapped[UUID] = mapped_column(ForeignKey("rewards.id"), primary_key=True)
    # The event's.
    sequence: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    # None: by a key of the API, which the event names.
    written_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    written_at: Mapped[datetime]
