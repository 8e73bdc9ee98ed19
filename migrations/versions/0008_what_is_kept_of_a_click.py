"""What is kept of a click: its browser, country and network, the last under a key that is destroyed; and how long."""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HASHES = ("address_hash", "network_hash")
FAMILIES = ("browser", "device", "country")
PROGRAM_COLUMNS = (
    ("consent_mode", "TEXT NOT NULL DEFAULT 'cookie'", "IN ('cookie', 'required', 'none')"),
    ("keep_clicks_days", "BIGINT NOT NULL DEFAULT '400'", "BETWEEN 30 AND 4000"),
)


def upgrade() -> None:
    op.add_column("clicks", sa.Column("is_repeat", sa.Boolean, nullable=False, server_default=sa.false()))
    for family in FAMILIES:
        op.add_column("clicks", sa.Column(family, sa.Text))
    for hash_ in HASHES:
        op.add_column("clicks", sa.Column(hash_, sa.LargeBinary))
    # Clicks are asked for by visitor, and by time in a program; this one only cost each a place in another page.
    op.drop_index("ix_clicks_link_id_clicked_at", "clicks")
    op.create_index("ix_clicks_program_id_clicked_at", "clicks", ["program_id", "clicked_at"])
    op.create_table(
        "address_salts",
        sa.Column("id", Id, primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("begins_at", Moment, nullable=False, unique=True),
    )
    # With the column, not after it: SQLite would copy the table, and the copy would lose its other checks.
    for column, kind, check in PROGRAM_COLUMNS:
        constraint = f"CONSTRAINT ck_programs_{column} CHECK ({column} {check})"
        op.execute(f"ALTER TABLE programs ADD COLUMN {column} {kind} {constraint}")
    op.add_column("programs", sa.Column("sealed_before", sa.Date))


def downgrade() -> None:
    op.drop_column("programs", "sealed_before")
    for column, _kind, _check in reversed(PROGRAM_COLUMNS):
        op.drop_column("programs", column)
    op.drop_table("address_salts")
    op.drop_index("ix_clicks_program_id_clicked_at", "clicks")
    op.create_index("ix_clicks_link_id_clicked_at", "clicks", ["link_id", "clicked_at"])
    for column in (*reversed(HASHES), *reversed(FAMILIES), "is_repeat"):
        op.drop_column("clicks", column)
