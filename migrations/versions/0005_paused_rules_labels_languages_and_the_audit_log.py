"""Rules that pause, labels of links, languages of people, the audit log, and notes about rewards."""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BEFORE, AFTER = "state IN ('live', 'ended')", "state IN ('live', 'paused', 'ended')"


def upgrade() -> None:
    op.add_column("links", sa.Column("label", sa.Text))
    op.add_column("users", sa.Column("language", sa.Text))
    _check_states(BEFORE, AFTER)
    op.create_table(
        "audit_entries",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_id", Id),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", Id, index=True),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("program_id", "sequence"),
        sa.CheckConstraint("actor IN ('system', 'api', 'person', 'command')", name="actor"),
    )
    op.create_index("ix_audit_entries_program_id_at", "audit_entries", ["program_id", "at"])
    op.create_table(
        "reward_notes",
        sa.Column("reward_id", Id, sa.ForeignKey("rewards.id"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
    )
    append_only.protect(op.get_bind())


def downgrade() -> None:
    op.drop_table("reward_notes")
    op.drop_table("audit_entries")
    for trigger in ("append_only", "no_update"):
        on = " ON reward_rule_versions" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(f"DROP TRIGGER IF EXISTS reward_rule_versions_{trigger}{on}")
    # To the version before, a rule that pauses is one that pays nothing.
    op.execute("UPDATE reward_rule_versions SET state = 'ended' WHERE state = 'paused'")
    _check_states(AFTER, BEFORE)
    append_only.protect(op.get_bind())
    op.drop_column("users", "language")
    op.drop_column("links", "label")


def _check_states(before: str, after: str) -> None:
    # SQLite alters a table by copying it; what it must look like is said here, because it does not tell its checks.
    table = sa.Table(
        "reward_rule_versions",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("live_from", Moment, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("published_by", Id, sa.ForeignKey("users.id")),
        sa.Column("published_at", Moment, nullable=False),
        sa.UniqueConstraint("rule_id", "number"),
        sa.CheckConstraint(before, name="state"),
        sa.Index("ix_reward_rule_versions_program_id", "program_id"),
    )
    with op.batch_alter_table("reward_rule_versions", copy_from=table) as batch:
        batch.drop_constraint(op.f("ck_reward_rule_versions_state"), type_="check")
        batch.create_check_constraint("state", after)
