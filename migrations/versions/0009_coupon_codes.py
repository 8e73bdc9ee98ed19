"""Coupon codes, and touches that tell them and the browser that a signup named."""

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE, AFTER = "kind IN ('typed_code', 'click', 'page')", "kind IN ('typed_code', 'coupon_code', 'click', 'page')"


def upgrade() -> None:
    op.create_table(
        "coupon_codes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), nullable=False, index=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("code_key", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("retired_at", Moment),
        sa.UniqueConstraint("program_id", "code_key"),
    )
    _check_kinds(BEFORE, AFTER)
    op.add_column(
        "attribution_touches", sa.Column("by_click_id", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("attribution_touches", "by_click_id")
    # The version before knows codes that were typed, and links that came later or earlier.
    op.execute("UPDATE attribution_touches SET kind = 'typed_code' WHERE kind = 'coupon_code'")
    op.execute(
        "UPDATE attribution_touches SET outcome = 'beaten_by_typed_code' WHERE outcome = 'beaten_by_coupon_code'"
    )
    op.execute("UPDATE attribution_touches SET outcome = 'beaten_by_later_touch' WHERE outcome = 'beaten_by_click_id'")
    op.execute("UPDATE referrals SET method = 'typed_code' WHERE method = 'coupon_code'")
    _check_kinds(AFTER, BEFORE)
    op.drop_table("coupon_codes")


def _check_kinds(before: str, after: str) -> None:
    # SQLite alters a table by copying it; what it must look like is said here, because it does not tell its checks.
    table = sa.Table(
        "attribution_touches",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
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
        sa.CheckConstraint(before, name="kind"),
        sa.UniqueConstraint("decision_id", "position"),
        sa.Index("ix_attribution_touches_referrer_id_decision_id", "referrer_id", "decision_id"),
    )
    with op.batch_alter_table("attribution_touches", copy_from=table) as batch:
        batch.drop_constraint(op.f("ck_attribution_touches_kind"), type_="check")
        batch.create_check_constraint("kind", after)
