"""A house in which everything that somebody wrote is a payload, whatever was asked of it when it was written.

What a page shows is stored, so it may be older than the check that would refuse it today, or come from an import: each
text is put into the database behind the back of forms and services. Every column has all payloads, on few rows several
together.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table, Text, select, text, update

from tests import rollup_rows
from tests.journeys.houses import fill
from tests.walls.payloads import PAYLOADS
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.models import Model, RewardNote
from webapp.models.append_only import protect

# Words of the code, keys and hashes. A text whose name is in none of these lists is taken for somebody's own.
CODES = {
    *("account", "action", "actor", "attribution_model", "base", "body", "category", "code_hash", "code_key"),
    *("consent_mode", "content_hash", "counter", "currency", "dedupe_key", "email_key", "hash", "holder", "key_hash"),
    *("kind", "language", "list", "mailbox_key", "method", "model", "operation", "outcome", "password_hash"),
    *("purpose", "rate", "reason", "role", "scope", "side", "signal", "slug", "state", "status", "subject"),
    *("taken_as", "template", "tie", "time_zone", "token_hash", "unsent_because", "verdict"),
}
COLUMNS_OF_CODES = {
    # By which people sign in, and whom tests ask for.
    *("users.email", "outbox_mails.email", "mailed_links.email", "reward_decisions.code", "links.code"),
    *("job_leases.name", "reward_rules.key", "coupon_pools.key", "clicks.country", "conversions.type"),
    # Read as addresses and hosts wherever they are used.
    *("programs.landing_url", "programs.allowed_hosts", "screening_entries.value"),
}
# Of what is kept as JSON, what holds more than ids and codes: what the business told of an event, and names of rules.
DETAILS, DEFINITION = "conversions.details", "reward_rule_versions.definition"
# A cell with so much is enough: pages show several rows.
MOST_TOGETHER = 12


def poisoned_house(app: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """Fill the database and poison it. Returns what PAGES name, and of how many rows of each column that is."""
    named = fill(app, full=True)
    now = utc_now()
    with app.app_context(), write_transaction() as session:
        for number in range(12):
            campaign = (f"source {number}", "social", f"autumn {number}")
            rollup_rows.campaign_day(session, (now - timedelta(days=2)).date(), *campaign, signups=9, purchases=5)
        for number, reward in enumerate(("reward", "pending", "appealed", "rejected")):
            about = {"reward_id": named[reward], "sequence": 1, "written_by": named["user"], "written_at": now}
            if session.get(RewardNote, (named[reward], 1)) is None:
                session.add(RewardNote(text=f"note {number}", **about))
        session.flush()
        done = poison(session.connection())
    return named, done


def poison(connection: Connection) -> dict[str, int]:
    """Put payloads into every text that somebody wrote. Returns how many rows of each column have one."""
    for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))
    done = {}
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if _is_somebodys(name, column):
                done[name] = _poison_column(connection, table, column, name)
    protect(connection)
    return done


def _poison_column(connection: Connection, table: Table, column: Column[Any], name: str) -> int:
    keys = list(table.primary_key.columns)
    rows = connection.execute(select(*keys, column.label("value")).order_by(*keys)).all()
    together = min(MOST_TOGETHER, -(-len(PAYLOADS) // max(1, len(rows))))
    done = 0
    for number, row in enumerate(rows):
        chosen = [PAYLOADS[(number * together + step) % len(PAYLOADS)] for step in range(together)]
        value: Any = f"{' '.join(chosen)} {number}"
        if name == DETAILS:
            value = dict.fromkeys(chosen, value)
        elif name == DEFINITION:
            # Such a name is read strictly wherever a rule is.
            value = {**row.value, "name": " ".join(chosen[-1].split())[:100]}
        where = [key == had for key, had in zip(keys, row, strict=False)]
        # What the table itself refuses cannot be shown either.
        changed = update(table).prefix_with("OR IGNORE").where(*where).values({column.name: value})
        done += connection.execute(changed).rowcount
    return done


def _is_somebodys(name: str, column: Column[Any]) -> bool:
    if isinstance(column.type, JSON):
        return name in {DETAILS, DEFINITION}
    return isinstance(column.type, Text) and column.name not in CODES and name not in COLUMNS_OF_CODES
