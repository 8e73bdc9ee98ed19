"""Exchange quotes, by which amounts in different currencies are compared. Append-only."""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = ["program_id", "base", "counter", "valid_from"]


def upgrade() -> None:
    op.create_table(
        "exchange_quotes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("counter", sa.Text, nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        sa.Column("valid_from", Moment, nullable=False),
        sa.Column("added_by", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "sequence"),
        sa.CheckConstraint("base <> counter", name="two_currencies"),
    )
    op.create_index("ix_exchange_quotes_program_id_base_counter_valid_from", "exchange_quotes", COLUMNS)
    append_only.protect(op.get_bind())


def downgrade() -> None:
    op.drop_table("exchange_quotes")
