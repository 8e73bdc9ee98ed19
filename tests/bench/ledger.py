"""`ledger verify` over a million entries."""

import time
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select

from tests import factories, money
from webapp.database import one_snapshot, write_transaction
from webapp.ids import new_id
from webapp.models import LedgerEntry, Model
from webapp.queries.ledger import breaches

ENTRIES = 1_000_000
AT_ONCE = 2_000
# Of a reward that was granted and matured: two transactions of two entries each.
ENTRIES_OF_ONE = 4

_COPIED = (
    *("conversions", "reward_decisions", "rewards", "reward_events"),
    *("ledger_transactions", "ledger_entries"),
)


def verify_a_million(app: Flask) -> tuple[int, float]:
    """Return how many entries there were and how many seconds it took to read them all. It finds nothing."""
    build(app, purchases=ENTRIES // ENTRIES_OF_ONE)
    with app.app_context(), one_snapshot() as session:
        entries = session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
        began = time.monotonic()
        found = list(breaches(session))
        seconds = time.monotonic() - began
    assert found == []
    return entries, seconds


def build(app: Flask, *, purchases: int) -> None:
    """Fill a database with so many purchases, each with its reward, which was granted and has matured."""
    with app.app_context():
        with write_transaction() as session:
            money.publish(session, hold_days=30)
            _ada, bob = money.ada_and_bob(session)
            reward = money.buy(session, bob, at=factories.NOON).rewards[0]
            money.send(session, reward.id, "approved", now=factories.NOON + timedelta(days=30))
        _copy(purchases - 1)


def _copy(times: int) -> None:
    """Write the one purchase again with other ids, past the services: it is the reading that is measured."""
    tables = Model.metadata.tables
    with write_transaction() as session:
        connection = session.connection()
        sample = {name: [dict(row) for row in connection.execute(select(tables[name])).mappings()] for name in _COPIED}
        purchase = next(row["id"] for row in sample["conversions"] if row["type"] == "purchase")
        of_purchase = {"conversions": "id", "reward_decisions": "conversion_id"}
        for name, column in of_purchase.items():
            sample[name] = [row for row in sample[name] if row[column] == purchase]
        for done in range(0, times, AT_ONCE):
            rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _COPIED}
            for _ in range(min(AT_ONCE, times - done)):
                new: dict[Any, Any] = {}
                for name in _COPIED:
                    rows[name] += [_renamed(row, new) for row in sample[name]]
            for name in _COPIED:
                connection.execute(insert(tables[name]), rows[name])


_OWN_IDS = ("id", "conversion_id", "reward_id", "transaction_id")


def _renamed(row: dict[str, Any], new: dict[Any, Any]) -> dict[str, Any]:
    ids = {column: new.setdefault(row[column], new_id()) for column in _OWN_IDS if column in row}
    return {**row, **ids, **({"event_id": new_id().hex} if "event_id" in row else {})}
