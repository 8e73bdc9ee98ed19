"""Reward rules and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class RewardRule(Model):
    """The identity of a rule, whatever its versions say."""

    __tablename__ = "reward_rules"
    __table_args__ = (UniqueConstraint("program_id", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    key: Mapped[str]
    created_at: Mapped[datetime]


class RewardRuleVersion(Model):
    """What a rule says from one moment until the next version. Append-only."""

    __tablename__ = "reward_rule_versions"
    __table_args__ = (
        UniqueConstraint("rule_id", "number"),
        CheckConstraint("state IN ('live', 'paused', 'ended')", name="state"),
        Index(None, "program_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("reward_rules.id"))
    # From 1.
    number: Mapped[int]
    # Only a version that is "live" pays; "paused" is meant to go on, "ended" is over.
    state: Mapped[str]
    # domain.rules.to_stored.
    definition: Mapped[dict[str, Any]]
    live_from: Mapped[datetime]
    note: Mapped[str]
    # None: from the command line.
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime]
