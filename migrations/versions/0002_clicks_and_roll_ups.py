"""Clicks, and the counts by day that pages read."""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clicks",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), nullable=False),
        sa.Column("visitor_id", Id, nullable=False),
        sa.Column("clicked_at", Moment, nullable=False),
        sa.Column("source_host", sa.Text),
        sa.Column("utm_source", sa.Text),
        sa.Column("utm_medium", sa.Text),
        sa.Column("utm_campaign", sa.Text),
    )
    op.create_index("ix_clicks_visitor_id_clicked_at", "clicks", ["visitor_id", "clicked_at"])
    op.create_index("ix_clicks_link_id_clicked_at", "clicks", ["link_id", "clicked_at"])
    op.create_table(
        "link_days",
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("clicks", sa.BigInteger, nullable=False),
        sa.Column("signups", sa.BigInteger, nullable=False),
        sa.CheckConstraint("clicks >= 0 AND signups >= 0", name="counts"),
    )
    op.create_index("ix_link_days_referrer_id_day", "link_days", ["referrer_id", "day"])
    op.create_table(
        "program_days",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("clicks", sa.BigInteger, nullable=False),
        sa.Column("signups", sa.BigInteger, nullable=False),
        sa.CheckConstraint("clicks >= 0 AND signups >= 0", name="counts"),
    )


def downgrade() -> None:
    for table in ("program_days", "link_days", "clicks"):
        op.drop_table(table)
