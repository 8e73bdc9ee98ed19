"""Fraud signals: where people were seen, what was found of friends, bans, appeals, and the settings for all that.

Screenings, what they found and bans are append-only.
"""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# With their checks written beside them: dropping a column on SQLite takes only such a check along.
PROGRAM_COLUMNS = (
    ("held_from", "BIGINT NOT NULL DEFAULT '50'", "BETWEEN 1 AND 100"),
    ("second_admin_from_minor", "BIGINT", ">= 0"),
)


def upgrade() -> None:
    op.create_table(
        "sightings",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("is_signup", sa.Boolean, nullable=False),
        sa.Column("visitor_id", Id),
        sa.Column("browser", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("address_hash", sa.LargeBinary),
        sa.Column("network_hash", sa.LargeBinary),
    )
    op.create_index("ix_sightings_user_id_seen_at", "sightings", ["user_id", "seen_at"])
    op.create_index("ix_sightings_network_hash_seen_at", "sightings", ["network_hash", "seen_at"])
    op.create_index("ix_sightings_visitor_id", "sightings", ["visitor_id"])
    op.create_index("ix_sightings_seen_at", "sightings", ["seen_at"])
    op.create_table(
        "screenings",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("friend_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("bond", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("evidence", sa.JSON),
        sa.Column("decided_by", Id, sa.ForeignKey("users.id")),
        sa.Column("screened_at", Moment, nullable=False),
        sa.UniqueConstraint("friend_id", "sequence"),
        sa.CheckConstraint("verdict IN ('clear', 'hold', 'deny')", name="verdict"),
    )
    op.create_index("ix_screenings_program_id_screened_at", "screenings", ["program_id", "screened_at"])
    op.create_index("ix_screenings_referrer_id_screened_at", "screenings", ["referrer_id", "screened_at"])
    op.create_table(
        "screening_findings",
        sa.Column("screening_id", Id, sa.ForeignKey("screenings.id"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("signal", sa.Text, nullable=False),
        sa.Column("weight", sa.BigInteger, nullable=False),
        sa.Column("denies", sa.Boolean, nullable=False),
        sa.Column("saw", sa.JSON, nullable=False),
    )
    op.create_table(
        "screening_entries",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("added_by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "list", "kind", "value"),
        sa.CheckConstraint("list IN ('allow', 'block')", name="list"),
        sa.CheckConstraint("kind IN ('email', 'domain', 'network', 'referrer')", name="kind"),
    )
    op.create_table(
        "bans",
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("is_banned", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("decided_at", Moment, nullable=False),
    )
    op.create_table(
        "appeals",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("appealed_at", Moment, nullable=False),
    )
    op.create_index("ix_appeals_user_id", "appeals", ["user_id"])
    op.create_table(
        "appealed_rewards",
        sa.Column("reward_id", Id, sa.ForeignKey("rewards.id"), primary_key=True),
        sa.Column("appeal_id", Id, sa.ForeignKey("appeals.id"), nullable=False),
    )
    op.create_index("ix_appealed_rewards_appeal_id", "appealed_rewards", ["appeal_id"])
    op.add_column("programs", sa.Column("signals", sa.JSON, nullable=False, server_default="{}"))
    for column, kind, check in PROGRAM_COLUMNS:
        constraint = f"CONSTRAINT ck_programs_{column} CHECK ({column} {check})"
        op.execute(f"ALTER TABLE programs ADD COLUMN {column} {kind} {constraint}")
    append_only.protect(op.get_bind())


def downgrade() -> None:
    for column in ("second_admin_from_minor", "held_from", "signals"):
        op.drop_column("programs", column)
    for table in (
        *("appealed_rewards", "appeals", "bans", "screening_entries"),
        *("screening_findings", "screenings", "sightings"),
    ):
        op.drop_table(table)
