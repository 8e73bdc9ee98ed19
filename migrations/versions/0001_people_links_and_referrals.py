"""Programs, people, their links, and who referred whom. Makes the program "default"."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.ids import new_id
from webapp.models.base import Id, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    programs = op.create_table(
        "programs",
        sa.Column("id", Id, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("landing_url", sa.Text, nullable=False),
        sa.Column("allowed_hosts", sa.Text, nullable=False, server_default=""),
        sa.Column("attribution_model", sa.Text, nullable=False),
        sa.Column("window_days", sa.BigInteger, nullable=False),
        sa.Column("hold_days", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("attribution_model IN ('first', 'last')", name="attribution_model"),
        sa.CheckConstraint("window_days BETWEEN 1 AND 400", name="window_days"),
        sa.CheckConstraint("hold_days BETWEEN 0 AND 400", name="hold_days"),
        sa.CheckConstraint("length(currency) = 3", name="currency"),
    )
    # SQLite takes a foreign key only with its table, PostgreSQL only once the table it points at is there.
    referral_of_user = ["program_id", "id", "referred_by"], ["program_id", "friend_id", "referrer_id"]
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "users",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False, unique=True),
        sa.Column("mailbox_key", sa.Text, nullable=False, index=True),
        sa.Column("email_verified_at", Moment),
        sa.Column("password_hash", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("referred_by", Id, index=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("role IN ('referrer', 'marketer', 'admin')", name="role"),
        *(
            [
                sa.ForeignKeyConstraint(
                    referral_of_user[0],
                    [f"referrals.{column}" for column in referral_of_user[1]],
                    name="fk_users_referral",
                    onupdate="CASCADE",
                )
            ]
            if on_sqlite
            else []
        ),
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False, index=True),
        sa.Column("ended_at", Moment),
    )
    op.create_table(
        "links",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("code_key", sa.Text, nullable=False, unique=True),
        sa.Column("destination_url", sa.Text),
        sa.Column("retired_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "attribution_decisions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("friend_id", Id, sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("signed_up_at", Moment, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("window_days", sa.BigInteger, nullable=False),
        sa.Column("visitor_id", Id, index=True),
        sa.Column("known_since", Moment),
        sa.Column("reason", sa.Text, nullable=False),
        sa.CheckConstraint("model IN ('first', 'last')", name="model"),
    )
    op.create_index(
        "ix_attribution_decisions_program_id_signed_up_at", "attribution_decisions", ["program_id", "signed_up_at"]
    )
    op.create_table(
        "attribution_touches",
        sa.Column("id", Id, primary_key=True),
        sa.Column("decision_id", Id, sa.ForeignKey("attribution_decisions.id"), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), nullable=False),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("click_id", Id),
        sa.Column("touched_at", Moment, nullable=False),
        sa.Column("same_mailbox", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('typed_code', 'click', 'page')", name="kind"),
        sa.UniqueConstraint("decision_id", "position"),
    )
    op.create_index(
        "ix_attribution_touches_referrer_id_decision_id", "attribution_touches", ["referrer_id", "decision_id"]
    )
    op.create_table(
        "referrals",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False, index=True),
        sa.Column("friend_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), nullable=False, index=True),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("decision_id", Id, sa.ForeignKey("attribution_decisions.id"), nullable=False, index=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "friend_id"),
        sa.UniqueConstraint("program_id", "friend_id", "referrer_id"),
        sa.CheckConstraint("referrer_id <> friend_id", name="not_oneself"),
    )
    if not on_sqlite:
        op.create_foreign_key("fk_users_referral", "users", "referrals", *referral_of_user, onupdate="CASCADE")
    op.bulk_insert(
        programs,
        [
            {
                "id": new_id(),
                "slug": "default",
                "name": "Grapevine",
                "currency": "USD",
                "time_zone": "UTC",
                "landing_url": "/signup",
                "attribution_model": "last",
                "window_days": 60,
                "hold_days": 30,
                "created_at": datetime.now(UTC),
            }
        ],
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_users_referral", "users")
    for table in (
        "referrals",
        "attribution_touches",
        "attribution_decisions",
        "links",
        "user_sessions",
        "users",
        "programs",
    ):
        op.drop_table(table)
