"""Disputes beside refunds, how they ended, and what is given back or written off.

Going back is refused once there is a dispute or anything that was given back: the version before would count the one
as a refund, and the other as nothing. An outcome that waits for its dispute is forgotten.
"""

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UNIQUE_BEFORE, UNIQUE_AFTER = "uq_refunds_program_id_event_id", "uq_refunds_program_id_kind_event_id"
ANSWERS_BEFORE = "operation IN ('signup', 'conversion', 'refund')"
ANSWERS_AFTER = "operation IN ('signup', 'conversion', 'refund', 'dispute', 'dispute_outcome')"
TAKEN_BEFORE = "taken_minor >= 0 AND (taken_minor = 0) = (taken_as IS NULL)"
TAKEN_AFTER = "(taken_minor = 0) = (taken_as IS NULL)"
TAKEN_AS_BEFORE = "taken_as IN ('reversal', 'clawback')"
TAKEN_AS_AFTER = "taken_as IN ('reversal', 'clawback', 'write_off')"
# Of refunds that can be disputes.
CHECKS = {
    "kind": "kind IN ('refund', 'dispute')",
    "won": "won_at IS NULL OR (kind = 'dispute' AND won_at >= occurred_at)",
    "restored": "restored_minor >= 0 AND (restored_minor = 0 OR won_at IS NOT NULL)",
}


def upgrade() -> None:
    op.add_column("refunds", sa.Column("kind", sa.Text, nullable=False, server_default="refund"))
    op.add_column("refunds", sa.Column("won_at", Moment))
    op.add_column("refunds", sa.Column("restored_minor", sa.BigInteger, nullable=False, server_default="0"))
    with op.batch_alter_table("refunds", copy_from=_refunds(UNIQUE_BEFORE, "event_id")) as batch:
        batch.drop_constraint(UNIQUE_BEFORE, type_="unique")
        batch.create_unique_constraint(UNIQUE_AFTER, ["program_id", "kind", "event_id"])
        for name, check in CHECKS.items():
            batch.create_check_constraint(name, check)
    op.create_table(
        "dispute_outcomes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("dispute_event_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "event_id"),
        sa.UniqueConstraint("program_id", "dispute_event_id"),
        sa.CheckConstraint("outcome IN ('won', 'lost')", name="outcome"),
    )
    _check_answers(ANSWERS_BEFORE, ANSWERS_AFTER)
    _check_events((TAKEN_BEFORE, TAKEN_AS_BEFORE), (TAKEN_AFTER, TAKEN_AS_AFTER))
    append_only.protect(op.get_bind())


def downgrade() -> None:
    _refuse_when_there_were_disputes()
    _check_events((TAKEN_AFTER, TAKEN_AS_AFTER), (TAKEN_BEFORE, TAKEN_AS_BEFORE))
    op.execute("DELETE FROM api_answers WHERE operation IN ('dispute', 'dispute_outcome')")
    _check_answers(ANSWERS_AFTER, ANSWERS_BEFORE)
    op.drop_table("dispute_outcomes")
    with op.batch_alter_table("refunds", copy_from=_refunds(UNIQUE_AFTER, "kind", "event_id", checks=CHECKS)) as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_refunds_{name}"), type_="check")
        batch.drop_constraint(UNIQUE_AFTER, type_="unique")
        batch.create_unique_constraint(UNIQUE_BEFORE, ["program_id", "event_id"])
    for column in ("restored_minor", "won_at", "kind"):
        op.drop_column("refunds", column)
    append_only.protect(op.get_bind())


def _refuse_when_there_were_disputes() -> None:
    for table, changed in (("refunds", "kind <> 'refund'"), ("reward_events", "taken_as = 'write_off'")):
        if op.get_bind().exec_driver_sql(f"SELECT 1 FROM {table} WHERE {changed} LIMIT 1").first():
            raise RuntimeError("there were disputes or write-offs: the version before cannot tell what they gave back")


def _metadata() -> sa.MetaData:
    return sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention)


# SQLite alters a table by copying it; what each must look like is said here, because it does not tell its checks.


def _refunds(name: str, *key: str, checks: dict[str, str] | None = None) -> sa.Table:
    waiting = sa.text("conversion_id IS NULL")
    return sa.Table(
        "refunds",
        _metadata(),
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("conversion_event_id", sa.Text),
        sa.Column("wanted_minor", sa.BigInteger),
        sa.Column("conversion_id", Id, sa.ForeignKey("conversions.id")),
        sa.Column("applied_minor", sa.BigInteger),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.Column("kind", sa.Text, nullable=False, server_default="refund"),
        sa.Column("won_at", Moment),
        sa.Column("restored_minor", sa.BigInteger, nullable=False, server_default="0"),
        sa.UniqueConstraint("program_id", *key, name=name),
        sa.CheckConstraint("(order_id IS NULL) <> (conversion_event_id IS NULL)", name="refers"),
        sa.CheckConstraint("wanted_minor >= 0 AND applied_minor >= 0", name="amounts"),
        sa.CheckConstraint("(conversion_id IS NULL) = (applied_minor IS NULL)", name="applied"),
        *(sa.CheckConstraint(check, name=of) for of, check in (checks or {}).items()),
        sa.Index("ix_refunds_conversion_id", "conversion_id"),
        sa.Index("ix_refunds_waiting_order", "program_id", "order_id", postgresql_where=waiting, sqlite_where=waiting),
        sa.Index(
            "ix_refunds_waiting_event",
            *("program_id", "conversion_event_id"),
            postgresql_where=waiting,
            sqlite_where=waiting,
        ),
    )


def _check_answers(before: str, after: str) -> None:
    table = sa.Table(
        "api_answers",
        _metadata(),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint(before, name="operation"),
    )
    with op.batch_alter_table("api_answers", copy_from=table) as batch:
        batch.drop_constraint(op.f("ck_api_answers_operation"), type_="check")
        batch.create_check_constraint("operation", after)


def _check_events(before: tuple[str, str], after: tuple[str, str]) -> None:
    table = sa.Table(
        "reward_events",
        _metadata(),
        sa.Column("reward_id", Id, sa.ForeignKey("rewards.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("taken_minor", sa.BigInteger, nullable=False),
        sa.Column("taken_as", sa.Text),
        sa.Column("refund_id", Id, sa.ForeignKey("refunds.id", ondelete="RESTRICT")),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_id", Id),
        sa.Column("at", Moment, nullable=False),
        sa.CheckConstraint(before[0], name="taken"),
        sa.CheckConstraint(before[1], name="taken_as"),
        sa.CheckConstraint("actor IN ('system', 'api', 'person')", name="actor"),
        sa.Index("ix_reward_events_refund_id", "refund_id"),
    )
    with op.batch_alter_table("reward_events", copy_from=table) as batch:
        for name, check in zip(("taken", "taken_as"), after, strict=True):
            batch.drop_constraint(op.f(f"ck_reward_events_{name}"), type_="check")
            batch.create_check_constraint(name, check)
