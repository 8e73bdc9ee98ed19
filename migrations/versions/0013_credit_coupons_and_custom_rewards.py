"""Rewards besides money: store credit that is redeemed, coupons out of pools, and what somebody fulfils.

The ledger and the counts by rule say of which kind each amount is; all that was there is cash. Going back is refused
once there is any other reward: the version before would take it for money.
"""

import re

import sqlalchemy as sa
from alembic import op

from webapp.models import append_only
from webapp.models.base import Id, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ANY_AMOUNT = "amount_minor > 0"
BY_KIND = "amount_minor >= 0 AND (amount_minor = 0) = (kind = 'coupon')"
OPERATIONS = ("redemption", "redemption_reversal", "fulfilment")
RULE_DAY = ["rule_id", "day", "currency"]


def upgrade() -> None:
    op.add_column("ledger_entries", sa.Column("kind", sa.Text, nullable=False, server_default="cash"))
    _balance_index("user_id", "kind", "account", "currency", "amount_minor")
    _change_check("rewards", "amount_minor", ANY_AMOUNT, BY_KIND)
    known = _operations()
    _change_check("api_answers", "operation", _one_of(known), _one_of((*known, *OPERATIONS)))
    op.add_column("rule_days", sa.Column("kind", sa.Text, nullable=False, server_default="cash"))
    _key_of_rule_days([*RULE_DAY, "kind"])
    _writer_of_notes(is_optional=True)
    _redemptions()
    _pools()
    append_only.protect(op.get_bind())


def _redemptions() -> None:
    op.create_table(
        "redemptions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "event_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_minor"),
    )
    op.create_index("ix_redemptions_user_id", "redemptions", ["user_id"])
    op.create_table(
        "redemption_parts",
        sa.Column("reward_id", Id, primary_key=True),
        sa.Column("reward_sequence", sa.BigInteger, primary_key=True),
        sa.Column("redemption_id", Id, sa.ForeignKey("redemptions.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["reward_id", "reward_sequence"],
            ["reward_events.reward_id", "reward_events.sequence"],
            name="fk_redemption_parts_reward_event",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("amount_minor <> 0", name="amount_minor"),
    )
    op.create_index("ix_redemption_parts_redemption_id", "redemption_parts", ["redemption_id"])


def _pools() -> None:
    left = sa.text("reward_id IS NULL")
    op.create_table(
        "coupon_pools",
        sa.Column("id", Id, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("low_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.UniqueConstraint("program_id", "key"),
        sa.CheckConstraint("low_at >= 0", name="low_at"),
    )
    op.create_table(
        "pool_coupons",
        sa.Column("id", Id, primary_key=True),
        sa.Column("pool_id", Id, sa.ForeignKey("coupon_pools.id"), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reward_id", Id, sa.ForeignKey("rewards.id", ondelete="RESTRICT")),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("handed_out_at", Moment),
        sa.UniqueConstraint("pool_id", "code"),
        sa.UniqueConstraint("reward_id"),
        sa.CheckConstraint("(reward_id IS NULL) = (handed_out_at IS NULL)", name="handed_out"),
    )
    op.create_index("ix_pool_coupons_left", "pool_coupons", ["pool_id", "id"], postgresql_where=left, sqlite_where=left)


def downgrade() -> None:
    if op.get_bind().exec_driver_sql("SELECT 1 FROM rewards WHERE kind <> 'cash' LIMIT 1").first():
        raise RuntimeError("there are rewards besides money: the version before would take them for money")
    op.drop_table("pool_coupons")
    op.drop_table("coupon_pools")
    op.drop_table("redemption_parts")
    op.drop_table("redemptions")
    # Counts of what was granted, of which nothing is left.
    op.execute("DELETE FROM rule_days WHERE kind <> 'cash'")
    _key_of_rule_days(RULE_DAY)
    op.drop_column("rule_days", "kind")
    op.execute("DELETE FROM reward_notes WHERE written_by IS NULL")
    _writer_of_notes(is_optional=False)
    known = _operations()
    op.execute(f"DELETE FROM api_answers WHERE {_one_of(OPERATIONS)}")
    before = tuple(one for one in known if one not in OPERATIONS)
    _change_check("api_answers", "operation", _one_of(known), _one_of(before))
    _change_check("rewards", "amount_minor", BY_KIND, ANY_AMOUNT)
    for trigger in ("append_only", "no_update", "no_replace"):
        on = " ON ledger_entries" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(f"DROP TRIGGER IF EXISTS ledger_entries_{trigger}{on}")
    _balance_index("user_id", "account", "currency", "amount_minor")
    op.drop_column("ledger_entries", "kind")
    append_only.protect(op.get_bind())


def _balance_index(*columns: str) -> None:
    op.drop_index("ix_ledger_entries_balance", "ledger_entries")
    op.create_index("ix_ledger_entries_balance", "ledger_entries", list(columns))


def _operations() -> tuple[str, ...]:
    """Return what the API answers for good so far, as the check of its table has it."""
    checks = sa.inspect(op.get_bind()).get_check_constraints("api_answers")
    return tuple(re.findall(r"'(\w+)'", next(one["sqltext"] for one in checks if "operation" in str(one["name"]))))


def _one_of(operations: tuple[str, ...]) -> str:
    return f"operation IN ({', '.join(repr(one) for one in operations)})"


def _change_check(table: str, name: str, old: str, new: str) -> None:
    """Let a table have another check. SQLite has to copy it: as it is, with whatever columns it has by now."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(name, table, new)
        return
    _copy(table, lambda made: _replaced(made, f"CHECK ({old})", f"CHECK ({new})"))


def _writer_of_notes(*, is_optional: bool) -> None:
    """Programs write notes too."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("reward_notes", "written_by", nullable=is_optional)
        return
    needed, optional = "written_by BLOB NOT NULL", "written_by BLOB"
    old, new = (needed, optional) if is_optional else (optional, needed)
    _copy("reward_notes", lambda made: _replaced(made, old, new))


def _key_of_rule_days(columns: list[str]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_rule_days", "rule_days", type_="primary")
        op.create_primary_key("pk_rule_days", "rule_days", columns)
        return
    key = re.compile(r"PRIMARY KEY \([^)]*\)")
    _copy("rule_days", lambda made: key.sub(f"PRIMARY KEY ({', '.join(columns)})", made, count=1))


def _copy(table: str, change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    of_table = "FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    (made,) = connection.exec_driver_sql(f"SELECT sql {of_table}", (table, "table")).scalars()
    indexes = connection.exec_driver_sql(f"SELECT sql {of_table}", (table, "index")).scalars().all()
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(table))
    head = re.compile(rf'CREATE TABLE "?{table}"?')
    connection.exec_driver_sql(head.sub(f"CREATE TABLE {table}_copy", change(made), count=1))
    connection.exec_driver_sql(f"INSERT INTO {table}_copy ({columns}) SELECT {columns} FROM {table}")
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE {table}_copy RENAME TO {table}")
    for index in indexes:
        connection.exec_driver_sql(index)


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise RuntimeError(f"expected {old!r} once in {text!r}")
    return text.replace(old, new)
