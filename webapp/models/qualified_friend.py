"""The friends who count under a rule that pays by their number."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class QualifiedFriend(Model):
    """A friend who counts for their referrer under a rule, and by which of their conversions: the first that does.

    A count, kept so that nobody has to search for it: what it is of are the
    decisions and refunds. `ledger verify` compares the two.
    """

    __tablename__ = "qualified_friends"
    __table_args__ = (Index(None, "rule_id", "referrer_id", "occurred_at"),)

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("reward_rules.id"), primary_key=True)
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"))
    # The conversion's, and what tells it from others at the same moment: its event id, "" without one.
    occurred_at: Mapped[datetime]
    tie: Mapped[str]
