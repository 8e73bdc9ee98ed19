"""Referrals that people with rights assign, move and remove, and rewards that know for which bond they are.

Going back is refused once money followed a changed referral. The version before knows one bond of a friend only: what
ended would hold again there, and the next upgrade would find two rewards that hold.
"""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = ("conversion_id", "rule_id", "beneficiary_id", "side")
BEFORE, AFTER = "uq_rewards_conversion_rule_beneficiary_side", "uq_rewards_conversion_rule_beneficiary_side_bond"
HOLDS = sa.text("ended_bond IS NULL")


def upgrade() -> None:
    for table in ("referrals", "reward_decisions", "rewards"):
        op.add_column(table, sa.Column("bond", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("rewards", sa.Column("ended_bond", sa.BigInteger))
    with op.batch_alter_table("rewards", copy_from=_rewards(BEFORE, KEY)) as batch:
        batch.drop_constraint(BEFORE, type_="unique")
        batch.create_unique_constraint(AFTER, [*KEY, "bond"])
    op.create_index(
        "uq_rewards_that_hold",
        "rewards",
        ["conversion_id", "rule_id", "side"],
        unique=True,
        postgresql_where=HOLDS,
        sqlite_where=HOLDS,
    )
    _changes()
    append_only.protect(op.get_bind())


def _changes() -> None:
    ends = [
        sa.Column(f"{end}_{what}_id", Id, sa.ForeignKey(f"{of}.id"))
        for end in ("from", "to")
        for what, of in (("referrer", "users"), ("link", "links"))
    ]
    op.create_table(
        "referral_changes",
        sa.Column("friend_id", Id, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        *ends,
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.CheckConstraint("kind IN ('assign', 'move', 'remove')", name="kind"),
        sa.CheckConstraint(
            "(kind = 'assign') = (from_link_id IS NULL) AND (from_link_id IS NULL) = (from_referrer_id IS NULL)",
            name="from",
        ),
        sa.CheckConstraint(
            "(kind = 'remove') = (to_link_id IS NULL) AND (to_link_id IS NULL) = (to_referrer_id IS NULL)", name="to"
        ),
        sa.CheckConstraint("to_referrer_id <> friend_id", name="not_oneself"),
        sa.CheckConstraint("sequence > 0", name="sequence"),
    )
    for end in ("from", "to"):
        op.create_index(f"ix_referral_changes_{end}_referrer_id", "referral_changes", [f"{end}_referrer_id"])
    op.create_table(
        "referral_change_notes",
        sa.Column("friend_id", Id, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["friend_id", "sequence"],
            ["referral_changes.friend_id", "referral_changes.sequence"],
            name="fk_referral_change_notes_change",
        ),
    )


def downgrade() -> None:
    _refuse_when_money_followed()
    op.drop_table("referral_change_notes")
    op.drop_table("referral_changes")
    op.drop_index("uq_rewards_that_hold", "rewards")
    with op.batch_alter_table("rewards", copy_from=_rewards(AFTER, (*KEY, "bond"))) as batch:
        batch.drop_constraint(AFTER, type_="unique")
        batch.create_unique_constraint(BEFORE, list(KEY))
    for trigger in ("append_only", "no_update", "no_replace"):
        on = " ON reward_decisions" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(f"DROP TRIGGER IF EXISTS reward_decisions_{trigger}{on}")
    op.drop_column("rewards", "ended_bond")
    for table in ("rewards", "reward_decisions", "referrals"):
        op.drop_column(table, "bond")
    append_only.protect(op.get_bind())


def _refuse_when_money_followed() -> None:
    for table, changed in (
        ("rewards", "bond <> 0 OR ended_bond IS NOT NULL"),
        ("reward_decisions", "bond <> 0"),
        ("referrals", "bond <> 0"),
    ):
        if op.get_bind().exec_driver_sql(f"SELECT 1 FROM {table} WHERE {changed} LIMIT 1").first():
            raise RuntimeError("referrals were changed by people: the version before cannot tell which rewards hold")


def _rewards(name: str, key: tuple[str, ...]) -> sa.Table:
    """Say what the table looks like: SQLite alters it by copying it, and does not tell its checks."""
    pending, held = sa.text("status = 'pending'"), sa.text("status = 'held'")
    return sa.Table(
        "rewards",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id"), nullable=False),
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), nullable=False),
        sa.Column("rule_version_id", Id, sa.ForeignKey("reward_rule_versions.id"), nullable=False),
        sa.Column("beneficiary_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("matures_at", Moment, nullable=False),
        sa.Column("granted_at", Moment, nullable=False),
        sa.Column("bond", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("ended_bond", sa.BigInteger),
        sa.UniqueConstraint(*key, name=name),
        sa.CheckConstraint("amount_minor > 0", name="amount_minor"),
        sa.CheckConstraint("side IN ('referrer', 'friend')", name="side"),
        sa.CheckConstraint(
            "status IN ('pending', 'held', 'approved', 'in_payout', 'paid', 'rejected', 'reversed')", name="status"
        ),
        sa.Index("ix_rewards_beneficiary_id", "beneficiary_id"),
        sa.Index("ix_rewards_program_id_granted_at", "program_id", "granted_at"),
        sa.Index("ix_rewards_maturing", "matures_at", postgresql_where=pending, sqlite_where=pending),
        sa.Index("ix_rewards_held", "program_id", "granted_at", postgresql_where=held, sqlite_where=held),
    )
