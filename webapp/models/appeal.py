"""What somebody answers to a decision against their rewards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Appeal(Model):
    """An appeal in the words of whoever makes it, against one decision about one reward or several."""

    __tablename__ = "appeals"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str]
    appealed_at: Mapped[datetime]


class AppealedReward(Model):
    """A reward that an appeal is about: each has one at most, whatever is decided after it."""

    __tablename__ = "appealed_rewards"

    reward_id: Mapped[UUID] = mapped_column(ForeignKey("rewards.id"), primary_key=True)
    appeal_id: Mapped[UUID] = mapped_column(ForeignKey("appeals.id"), index=True)
