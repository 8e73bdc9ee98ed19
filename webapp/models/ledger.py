"""The ledger: balanced transactions of entries. Append-only, on both engines, by trigger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class LedgerTransaction(Model):
    """What moved money: one event in the history of one reward."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        UniqueConstraint("reward_id", "reward_sequence"),
        ForeignKeyConstraint(
            ["reward_id", "reward_sequence"],
            ["reward_events.reward_id", "reward_events.sequence"],
            name="fk_ledger_transactions_reward_event",
            ondelete="RESTRICT",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id", ondelete="RESTRICT"))
    reward_id: Mapped[UUID]
    reward_sequence: Mapped[int]
    at: Mapped[datetime]


class LedgerEntry(Model):
    """What one transaction adds to one account of one person; the entries of a transaction add up to zero.

    `kind` is the reward's. Money, store credit and what else there is stand apart: nothing adds them up.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_minor"),
        CheckConstraint(
            "account IN ('expense', 'pending', 'held', 'approved', 'in_payout', 'paid', 'clawback')", name="account"
        ),
        # Holds all that a balance needs.
        Index("ix_ledger_entries_balance", "user_id", "kind", "account", "currency", "amount_minor"),
    )

    transaction_id: Mapped[UUID] = mapped_column(
        ForeignKey("ledger_transactions.id", ondelete="RESTRICT"), primary_key=True
    )
    # From 1.
    position: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id", ondelete="RESTRICT"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    account: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    kind: Mapped[str] = mapped_column(default="cash", server_default="cash")
