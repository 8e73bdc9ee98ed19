"""Friends who count under rules that pay by their number, and rewards that correct others.

Going back is refused once a reward was corrected: the version before knows one reward where there are several.
"""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = ("conversion_id", "rule_id", "beneficiary_id", "side", "bond")
BEFORE = "uq_rewards_conversion_rule_beneficiary_side_bond"
AFTER = "uq_rewards_conversion_rule_beneficiary_side_bond_correction"
HOLDS = sa.text("ended_bond IS NULL")


def upgrade() -> None:
    op.add_column("rewards", sa.Column("correction", sa.BigInteger, nullable=False, server_default="0"))
    _replace_key(BEFORE, KEY, AFTER, (*KEY, "correction"), ("conversion_id", "rule_id", "side", "correction"))
    op.create_table(
        "qualified_friends",
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), primary_key=True),
        sa.Column("friend_id", Id, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id"), nullable=False),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("tie", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_qualified_friends_rule_id_referrer_id_occurred_at",
        "qualified_friends",
        ["rule_id", "referrer_id", "occurred_at"],
    )
    append_only.protect(op.get_bind())


def downgrade() -> None:
    if op.get_bind().exec_driver_sql("SELECT 1 FROM rewards WHERE correction <> 0 LIMIT 1").first():
        raise RuntimeError("rewards were corrected: the version before knows one reward where there are several")
    op.drop_table("qualified_friends")
    _replace_key(AFTER, (*KEY, "correction"), BEFORE, KEY, ("conversion_id", "rule_id", "side"))
    op.drop_column("rewards", "correction")
    append_only.protect(op.get_bind())


def _replace_key(
    old: str, old_key: tuple[str, ...], new: str, new_key: tuple[str, ...], holds: tuple[str, ...]
) -> None:
    op.drop_index("uq_rewards_that_hold", "rewards")
    with op.batch_alter_table("rewards", copy_from=_rewards(old, old_key)) as batch:
        batch.drop_constraint(old, type_="unique")
        batch.create_unique_constraint(new, list(new_key))
    op.create_index(
        "uq_rewards_that_hold", "rewards", list(holds), unique=True, postgresql_where=HOLDS, sqlite_where=HOLDS
    )


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
        sa.Column("correction", sa.BigInteger, nullable=False, server_default="0"),
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
