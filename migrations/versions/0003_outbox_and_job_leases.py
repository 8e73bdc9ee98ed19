"""Mail that waits to be sent, and who runs the background jobs."""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_mails",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("dedupe_key", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("sent_at", Moment),
    )
    unsent = sa.text("ended_at IS NULL")
    op.create_index("ix_outbox_mails_waiting", "outbox_mails", ["due_at"], postgresql_where=unsent, sqlite_where=unsent)
    op.create_table(
        "job_leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("held_until", Moment, nullable=False),
    )


def downgrade() -> None:
    for table in ("job_leases", "outbox_mails"):
        op.drop_table(table)
