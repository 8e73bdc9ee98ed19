"""Where people were seen, and what was found when a referred friend was looked at. Screenings are append-only."""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


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
    append_only.protect(op.get_bind())


def downgrade() -> None:
    for table in ("screening_findings", "screenings", "sightings"):
        op.drop_table(table)
