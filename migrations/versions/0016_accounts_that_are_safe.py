"""Links that are mailed, forgotten passwords, a second factor, and what a session tells of its browser."""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailed_links",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("mail_id", Id, sa.ForeignKey("outbox_mails.id", ondelete="SET NULL")),
        sa.Column("invited_by", Id, sa.ForeignKey("users.id")),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("used_at", Moment),
        sa.CheckConstraint(
            "purpose IN ('verify_email', 'change_email', 'reset_password', 'invitation')", name="purpose"
        ),
    )
    op.create_index("ix_mailed_links_user_id", "mailed_links", ["user_id"])
    op.create_index("ix_mailed_links_mail_id", "mailed_links", ["mail_id"])
    op.create_index("ix_mailed_links_expires_at", "mailed_links", ["expires_at"])
    op.create_table(
        "password_requests",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
    )
    op.create_table(
        "former_mailboxes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("mailbox_key", sa.Text, nullable=False),
        sa.Column("left_at", Moment, nullable=False),
    )
    op.create_index("ix_former_mailboxes_user_id", "former_mailboxes", ["user_id"])
    op.create_index("ix_former_mailboxes_mailbox_key", "former_mailboxes", ["mailbox_key"])
    op.create_table(
        "second_factors",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("code_hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.add_column("users", sa.Column("second_factor_since", Moment))
    op.add_column("users", sa.Column("muted_mails", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("users", sa.Column("erased_at", Moment))
    op.add_column("user_sessions", sa.Column("browser", sa.Text))
    op.add_column("user_sessions", sa.Column("device", sa.Text))
    op.add_column("outbox_mails", sa.Column("email", sa.Text))


def downgrade() -> None:
    op.drop_column("outbox_mails", "email")
    op.drop_column("user_sessions", "device")
    op.drop_column("user_sessions", "browser")
    for column in ("erased_at", "muted_mails", "second_factor_since"):
        op.drop_column("users", column)
    for table in ("recovery_codes", "second_factors", "former_mailboxes", "password_requests", "mailed_links"):
        op.drop_table(table)
