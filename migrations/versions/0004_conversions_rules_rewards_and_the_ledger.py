"""Conversions and refunds, reward rules and their versions, decisions, rewards, the ledger, and keys of the API."""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("programs", sa.Column("rules_revision", Id))
    op.add_column("users", sa.Column("external_id", sa.Text))
    op.create_index("uq_users_program_id_external_id", "users", ["program_id", "external_id"], unique=True)
    op.create_index("ix_referrals_program_id_created_at", "referrals", ["program_id", "created_at"])
    for table in ("link_days", "program_days"):
        op.add_column(table, sa.Column("purchases", sa.BigInteger, nullable=False, server_default="0"))
    _keys()
    _events()
    _rules()
    _rewards()
    _ledger()
    append_only.protect(op.get_bind())


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False, unique=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.CheckConstraint("scope IN ('read', 'write')", name="scope"),
    )
    op.create_table(
        "api_answers",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("operation IN ('signup', 'conversion', 'refund')", name="operation"),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False, index=True),
        sa.Column("used_at", Moment),
    )


def _events() -> None:
    op.create_table(
        "conversions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id")),
        sa.Column("referral_id", Id, sa.ForeignKey("referrals.id")),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("details", sa.JSON),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "event_id"),
        sa.UniqueConstraint("program_id", "order_id", "type"),
        sa.CheckConstraint("amount_minor >= 0", name="amount_minor"),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency"),
    )
    op.create_index("ix_conversions_user_id_type_occurred_at", "conversions", ["user_id", "type", "occurred_at"])
    op.create_table(
        "refunds",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("conversion_event_id", sa.Text),
        sa.Column("wanted_minor", sa.BigInteger),
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id"), index=True),
        sa.Column("applied_minor", sa.BigInteger),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "event_id"),
        sa.CheckConstraint("(order_id IS NULL) <> (conversion_event_id IS NULL)", name="refers"),
        sa.CheckConstraint("wanted_minor >= 0 AND applied_minor >= 0", name="amounts"),
        sa.CheckConstraint("(conversion_id IS NULL) = (applied_minor IS NULL)", name="applied"),
    )
    waiting = sa.text("conversion_id IS NULL")
    for name, column in (("order", "order_id"), ("event", "conversion_event_id")):
        op.create_index(
            f"ix_refunds_waiting_{name}",
            "refunds",
            ["program_id", column],
            postgresql_where=waiting,
            sqlite_where=waiting,
        )


def _rules() -> None:
    op.create_table(
        "reward_rules",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "key"),
    )
    op.create_table(
        "reward_rule_versions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False, index=True),
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("live_from", Moment, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("published_by", Id, sa.ForeignKey("users.id")),
        sa.Column("published_at", Moment, nullable=False),
        sa.UniqueConstraint("rule_id", "number"),
        sa.CheckConstraint("state IN ('live', 'ended')", name="state"),
    )


def _rewards() -> None:
    op.create_table(
        "reward_decisions",
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("rule_version_id", Id, sa.ForeignKey("reward_rule_versions.id")),
        sa.Column("side", sa.Text),
        sa.Column("beneficiary_id", Id, sa.ForeignKey("users.id")),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("because", sa.JSON, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("decided_at", Moment, nullable=False),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency"),
    )
    op.create_table(
        "rewards",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id"), nullable=False),
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), nullable=False),
        sa.Column("rule_version_id", Id, sa.ForeignKey("reward_rule_versions.id"), nullable=False),
        sa.Column("beneficiary_id", Id, sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("matures_at", Moment, nullable=False),
        sa.Column("granted_at", Moment, nullable=False),
        sa.UniqueConstraint(
            "conversion_id", "rule_id", "beneficiary_id", "side", name="uq_rewards_conversion_rule_beneficiary_side"
        ),
        sa.CheckConstraint("amount_minor > 0", name="amount_minor"),
        sa.CheckConstraint("side IN ('referrer', 'friend')", name="side"),
        sa.CheckConstraint(
            "status IN ('pending', 'held', 'approved', 'in_payout', 'paid', 'rejected', 'reversed')", name="status"
        ),
    )
    op.create_index("ix_rewards_program_id_granted_at", "rewards", ["program_id", "granted_at"])
    pending = sa.text("status = 'pending'")
    op.create_index("ix_rewards_maturing", "rewards", ["matures_at"], postgresql_where=pending, sqlite_where=pending)
    op.create_table(
        "reward_events",
        sa.Column("reward_id", Id, sa.ForeignKey("rewards.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("taken_minor", sa.BigInteger, nullable=False),
        sa.Column("taken_as", sa.Text),
        sa.Column("refund_id", Id, sa.ForeignKey("refunds.id", ondelete="RESTRICT"), index=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_id", Id),
        sa.Column("at", Moment, nullable=False),
        sa.CheckConstraint("taken_minor >= 0 AND (taken_minor = 0) = (taken_as IS NULL)", name="taken"),
        sa.CheckConstraint("taken_as IN ('reversal', 'clawback')", name="taken_as"),
        sa.CheckConstraint("actor IN ('system', 'api', 'person')", name="actor"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("reward_id", Id, nullable=False),
        sa.Column("reward_sequence", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("reward_id", "reward_sequence"),
        sa.ForeignKeyConstraint(
            ["reward_id", "reward_sequence"],
            ["reward_events.reward_id", "reward_events.sequence"],
            name="fk_ledger_transactions_reward_event",
            ondelete="RESTRICT",
        ),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", Id, sa.ForeignKey("ledger_transactions.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name="amount_minor"),
        sa.CheckConstraint(
            "account IN ('expense', 'pending', 'held', 'approved', 'in_payout', 'paid', 'clawback')", name="account"
        ),
    )
    op.create_index("ix_ledger_entries_balance", "ledger_entries", ["user_id", "account", "currency", "amount_minor"])


def downgrade() -> None:
    for table in (
        "ledger_entries",
        "ledger_transactions",
        "reward_events",
        "rewards",
        "reward_decisions",
        "reward_rule_versions",
        "reward_rules",
        "refunds",
        "conversions",
        "sign_in_links",
        "api_answers",
        "api_keys",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS grapevine_append_only()")
    for table in ("link_days", "program_days"):
        op.drop_column(table, "purchases")
    op.drop_index("ix_referrals_program_id_created_at", "referrals")
    op.drop_index("uq_users_program_id_external_id", "users")
    op.drop_column("users", "external_id")
    op.drop_column("programs", "rules_revision")
