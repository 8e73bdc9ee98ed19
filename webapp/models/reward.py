"""Rewards, the decisions they come from, and their history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

_PENDING, _HELD = text("status = 'pending'"), text("status = 'held'")
_HOLDS = text("ended_bond IS NULL")
# What mails tell people of: few of all events, and none that most conversions write.
_NEWS = text("actor = 'person' OR status = 'approved'")


class RewardDecision(Model):
    """Whether one rule rewards one conversion, and why. Append-only: a later one for the same rule replaces it.

    One without a rule replaces all that were before, and is replaced by any.
    The version is None where no rule was asked: nobody knows the person, or
    nobody referred them, or there is no rule for what happened.
    """

    __tablename__ = "reward_decisions"
    __table_args__ = (CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency"),)

    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"), primary_key=True)
    # From 1, over all rules of the conversion.
    sequence: Mapped[int] = mapped_column(primary_key=True)
    rule_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("reward_rule_versions.id"))
    side: Mapped[str | None]
    beneficiary_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    # "earned", or why not.
    code: Mapped[str]
    # domain.facts.to_stored: what it was decided from.
    facts: Mapped[dict[str, Any]]
    # domain.sentences.to_stored, one or more: the arithmetic.
    because: Mapped[list[dict[str, Any]]]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    decided_at: Mapped[datetime]
    # For which bond of the friend: 0 as the signup was attributed, else the number of the referral's change.
    bond: Mapped[int] = mapped_column(default=0, server_default="0")


class Reward(Model):
    """What someone earned by one conversion under one rule, once for each bond. `amount_minor` is what was granted.

    Of all bonds at most one reward holds: those before ended when the referral was changed. When more is earned by the
    same conversion later, since more friends count, that is a `correction`: a reward of its own.
    """

    __tablename__ = "rewards"
    __table_args__ = (
        UniqueConstraint(
            *("conversion_id", "rule_id", "beneficiary_id", "side", "bond", "correction"),
            name="uq_rewards_conversion_rule_beneficiary_side_bond_correction",
        ),
        # A coupon has no amount.
        CheckConstraint("amount_minor >= 0 AND (amount_minor = 0) = (kind = 'coupon')", name="amount_minor"),
        CheckConstraint("side IN ('referrer', 'friend')", name="side"),
        CheckConstraint(
            "status IN ('pending', 'held', 'approved', 'in_payout', 'paid', 'rejected', 'reversed')", name="status"
        ),
        Index(
            "uq_rewards_that_hold",
            *("conversion_id", "rule_id", "side", "correction"),
            unique=True,
            postgresql_where=_HOLDS,
            sqlite_where=_HOLDS,
        ),
        Index(None, "beneficiary_id"),
        Index(None, "program_id", "granted_at"),
        Index("ix_rewards_maturing", "matures_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
        Index("ix_rewards_held", "program_id", "granted_at", postgresql_where=_HELD, sqlite_where=_HELD),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("reward_rules.id"))
    rule_version_id: Mapped[UUID] = mapped_column(ForeignKey("reward_rule_versions.id"))
    beneficiary_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    side: Mapped[str]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    # The newest event's, kept here to be found quickly; `ledger verify` compares them.
    status: Mapped[str]
    # The newest event's number.
    sequence: Mapped[int]
    matures_at: Mapped[datetime]
    granted_at: Mapped[datetime]
    # That of the decision it comes from.
    bond: Mapped[int] = mapped_column(default=0, server_default="0")
    # The change of the referral that ended it; None while it holds.
    ended_bond: Mapped[int | None]
    # 0 for the reward itself, then from 1.
    correction: Mapped[int] = mapped_column(default=0, server_default="0")


class RewardEvent(Model):
    """One thing that happened to a reward: who, why, when, and where it stands since. Append-only."""

    __tablename__ = "reward_events"
    __table_args__ = (
        CheckConstraint("(taken_minor = 0) = (taken_as IS NULL)", name="taken"),
        CheckConstraint("taken_as IN ('reversal', 'clawback', 'write_off')", name="taken_as"),
        CheckConstraint("actor IN ('system', 'api', 'person')", name="actor"),
        Index(None, "refund_id"),
        Index("ix_reward_events_news", "at", postgresql_where=_NEWS, sqlite_where=_NEWS),
    )

    reward_id: Mapped[UUID] = mapped_column(ForeignKey("rewards.id", ondelete="RESTRICT"), primary_key=True)
    # From 1; the order of the history, whatever the clock said.
    sequence: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    reason: Mapped[str]
    # Below zero: given back.
    taken_minor: Mapped[int] = mapped_column(default=0)
    taken_as: Mapped[str | None]
    # What took it, or gave it back by being won; of a write-off what had taken that.
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id", ondelete="RESTRICT"))
    actor: Mapped[str]
    # A key for "api", a user for "person".
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]
