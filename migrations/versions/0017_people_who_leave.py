"""People who leave: their codes stay nobody's, and details of orders are kept as long as the program says.

The triggers of append-only tables are made again after every migration; now they let hosts be forgotten that told
where somebody came from, and what the business calls a redemption.
"""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_codes",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("seal", sa.Text, primary_key=True),
    )
    constraint = "CONSTRAINT ck_programs_keep_metadata_days CHECK (keep_metadata_days BETWEEN 30 AND 4000)"
    op.add_column("conversions", sa.Column("tie", sa.Text))
    op.execute(f"ALTER TABLE programs ADD COLUMN keep_metadata_days BIGINT {constraint}")


def downgrade() -> None:
    op.drop_column("conversions", "tie")
    op.drop_column("programs", "keep_metadata_days")
    op.drop_table("sealed_codes")
