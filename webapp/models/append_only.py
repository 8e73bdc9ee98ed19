"""Tables of which the database itself refuses to change or delete a row.

One list for all revisions: after every migration the triggers of each table
that is there are made again, because altering a table on SQLite copies it and
drops them without a word.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, inspect

TABLES = (
    "reward_rule_versions",
    "reward_decisions",
    "reward_events",
    "ledger_transactions",
    "ledger_entries",
    "audit_entries",
    "referral_changes",
    "exchange_quotes",
    "redemptions",
    "redemption_parts",
    "screenings",
    "screening_findings",
    "bans",
)

# What makes a row of each table unique, for the rows that REPLACE would delete on SQLite without asking the trigger on
# DELETE. Their place in the file is a key too.
_KEYS = {
    "reward_rule_versions": (("id",), ("rule_id", "number")),
    "reward_decisions": (("conversion_id", "sequence"),),
    "reward_events": (("reward_id", "sequence"),),
    "ledger_transactions": (("id",), ("reward_id", "reward_sequence")),
    "ledger_entries": (("transaction_id", "position"),),
    "audit_entries": (("id",), ("program_id", "sequence")),
    "referral_changes": (("friend_id", "sequence"),),
    "exchange_quotes": (("id",), ("program_id", "sequence")),
    "redemptions": (("id",), ("program_id", "event_id")),
    "redemption_parts": (("reward_id", "reward_sequence"),),
    "screenings": (("id",), ("friend_id", "sequence")),
    "screening_findings": (("screening_id", "position"),),
    "bans": (("user_id", "sequence"),),
}

# The one thing that may be changed all the same, so that a person can be forgotten while the books stay: the column,
# and what has to hold of it then, on each engine. Nothing else of the row can change with it.
_FORGETTING = {
    # The hosts that told where somebody came from; what was found by them rests on the program's own lists.
    "screenings": (
        "evidence",
        "json(NEW.evidence) = json_remove(OLD.evidence, '$.source_host', '$.sources')",
        "NEW.evidence::jsonb = OLD.evidence::jsonb - 'source_host' - 'sources'",
    ),
    # What the business calls it; see domain.seals.
    "redemptions": ("event_id", "substr(NEW.event_id, 1, 7) = 'erased-'", "substr(NEW.event_id, 1, 7) = 'erased-'"),
}

_FUNCTION = """
CREATE OR REPLACE FUNCTION grapevine_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def protect(connection: Connection) -> None:
    """Make the triggers of every append-only table that is there."""
    tables = set(inspect(connection).get_table_names()) & set(TABLES)
    statements = _postgresql if connection.dialect.name == "postgresql" else _sqlite
    if tables and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
    for table in sorted(tables):
        columns = [column["name"] for column in inspect(connection).get_columns(table)]
        for statement in statements(table, columns):
            connection.exec_driver_sql(statement)


def protected_tables(connection: Connection) -> set[str]:
    """Return the append-only tables that have all their triggers, switched on."""
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        )
        kinds = ("append_only", "no_delete", "no_truncate")
    else:
        query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        kinds = ("no_update", "no_delete", "no_replace")
    found = {(table, name) for table, name in connection.exec_driver_sql(query)}
    return {table for table in TABLES if all((table, f"{table}_{kind}") in found for kind in kinds)}


def _postgresql(table: str, columns: Sequence[str]) -> list[str]:
    refuse = "EXECUTE FUNCTION grapevine_append_only()"
    unless = ""
    if table in _FORGETTING:
        column, _sqlite, holds = _FORGETTING[table]
        rest = f"to_jsonb(OLD.*) - '{column}' = to_jsonb(NEW.*) - '{column}'"
        differs = f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text"
        unless = f"WHEN (({rest} AND {differs} AND {holds}) IS NOT TRUE)"
    return [
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE ON {table} FOR EACH ROW {unless} {refuse}",
        f"CREATE OR REPLACE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def _sqlite(table: str, columns: Sequence[str]) -> list[str]:
    keys = [" AND ".join(f"{column} = NEW.{column}" for column in key) for key in (*_KEYS[table], ("rowid",))]
    same_row = f"SELECT 1 FROM {table} WHERE {' OR '.join(keys)}"  # noqa: S608 - names from the lists above
    abort = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    unless = ""
    if table in _FORGETTING:
        column, holds, _postgresql = _FORGETTING[table]
        rest = [f"OLD.{name} IS NEW.{name}" for name in (*columns, "rowid") if name != column]
        allowed = " AND ".join((*rest, f"OLD.{column} IS NOT NEW.{column}", holds))
        unless = f"WHEN ({allowed}) IS NOT 1"
    return [
        # Made anew: what may be forgotten was not always said.
        f"DROP TRIGGER IF EXISTS {table}_no_update",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless} {abort}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_delete BEFORE DELETE ON {table} {abort}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({same_row}) {abort}",
    ]
