"""The transaction of a conversion beside a bare one that writes the same rows, without HTTP."""

import itertools
import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, Table, Update, func, insert, select

from tests import factories
from tests.money import JOINED, publish
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Conversion, LedgerEntry, Model, Reward
from webapp.queries.ledger import breaches
from webapp.services.reward_steps import SYSTEM
from webapp.services.signups import CameBy
from webapp.views.api.conversions import tell_conversion
from webapp.views.api.schemas import ConversionBody

FRIENDS = 200
MOST_A_SECOND = 3_000

# What counts one more of each purchase that is rewarded, and what of it.
_COUNTS = {
    "link_days": "purchases",
    "link_revenue_days": "revenue_minor",
    "rule_days": "granted_minor",
    "program_revenue_days": "revenue_minor",
    "program_days": "purchases",
}
# Of one purchase that one rule rewards. The counts of its day are rows that are there already.
_TABLES = {
    name: Model.metadata.tables[name]
    for name in (
        *("conversions", "reward_decisions", "rewards", "reward_events"),
        *("ledger_transactions", "ledger_entries", "api_answers", *_COUNTS),
    )
}
_INSERTS = {name: insert(table) for name, table in _TABLES.items() if name not in _COUNTS}
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class House:
    """A program with one rule, and friends who buy."""

    app: Flask
    program_id: UUID
    friends: tuple[str, ...]


def build(app: Flask) -> House:
    with app.app_context(), write_transaction() as session:
        publish(session)
        program = factories.program(session)
        ada = factories.person(session, now=JOINED)
        link = factories.link_of(session, ada)
        friends = []
        for number in range(FRIENDS):
            friend, _ = factories.join(session, CameBy(typed=link), email=f"friend{number}@example.org", now=JOINED)
            friend.external_id = f"cus_{number}"
            friends.append(friend.external_id)
        return House(app, program.id, tuple(friends))


def ours(house: House, *, clients: int, seconds: float) -> float:
    """Return conversions a second, each in its own transaction, as the API records them."""

    # What was sent is read before the transaction begins.
    bodies = [_body(house, next(_numbers)) for _ in range(int(seconds * MOST_A_SECOND))]

    def one() -> None:
        body = bodies.pop()
        with write_transaction() as session:
            _body, status = tell_conversion(session, house.program_id, body, actor=SYSTEM, now=utc_now())
        assert status == 201

    return _rate(house.app, one, clients=clients, seconds=seconds)


def _body(house: House, number: int) -> ConversionBody:
    return ConversionBody.model_validate(
        {
            "event_id": f"evt_{number}",
            "type": "purchase",
            "user": {"external_id": house.friends[number % FRIENDS]},
            "amount": 4999,
            "currency": "USD",
            "order_id": f"ord_{number}",
        }
    )


def bare(house: House, *, clients: int, seconds: float) -> float:
    """Return transactions a second that write as many rows into the same tables, and do nothing else."""
    with house.app.app_context():
        sample = _sample(db.session.connection())
        db.session.rollback()
    counts = [_count_one_more(_TABLES[name], sample[name][0], column) for name, column in _COUNTS.items()]

    def one() -> None:
        ids = {name: new_id() for name in ("conversion", "reward", "transaction")}
        key = ids["conversion"].hex
        with write_transaction() as session:
            connection = session.connection()
            for name, statement in _INSERTS.items():
                rows = [_renamed(row, ids, key) for row in sample[name]]
                connection.execute(statement, rows[0] if len(rows) == 1 else rows)
            for count in counts:
                connection.execute(count)

    return _rate(house.app, one, clients=clients, seconds=seconds)


def _count_one_more(table: Table, day: dict[str, Any], counted: str) -> Update:
    where = [column == day[column.name] for column in table.primary_key.columns]
    return table.update().where(*where).values({counted: table.c[counted] + 1})


def check(house: House) -> None:
    """What was recorded is whole: no event twice, and the ledger adds up to nothing."""
    with house.app.app_context():
        session = db.session()
        events = session.scalar(select(func.count(Conversion.event_id)))
        distinct = session.scalar(select(func.count(func.distinct(Conversion.event_id))))
        assert events == distinct
        assert session.scalar(select(func.sum(LedgerEntry.amount_minor))) == 0
        assert session.scalar(select(func.count()).select_from(Reward)) > 0
        assert [line for line in breaches(session) if "roll" not in line] == []
        session.rollback()


def _sample(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that the newest recorded conversion wrote."""
    tables = _TABLES
    conversion = connection.execute(
        select(tables["conversions"]).where(tables["conversions"].c.type == "purchase").limit(1)
    ).one()
    reward = connection.execute(
        select(tables["rewards"]).where(tables["rewards"].c.conversion_id == conversion.id)
    ).one()
    transaction = connection.execute(
        select(tables["ledger_transactions"]).where(tables["ledger_transactions"].c.reward_id == reward.id)
    ).one()
    wanted = {
        "conversions": tables["conversions"].c.id == conversion.id,
        "reward_decisions": tables["reward_decisions"].c.conversion_id == conversion.id,
        "rewards": tables["rewards"].c.id == reward.id,
        "reward_events": tables["reward_events"].c.reward_id == reward.id,
        "ledger_transactions": tables["ledger_transactions"].c.id == transaction.id,
        "ledger_entries": tables["ledger_entries"].c.transaction_id == transaction.id,
        "api_answers": tables["api_answers"].c.subject == conversion.event_id,
        **{name: tables[name].c[counted] > 0 for name, counted in _COUNTS.items()},
    }
    return {
        name: [dict(row) for row in connection.execute(select(tables[name]).where(where)).mappings()]
        for name, where in wanted.items()
    }


_NEW_IDS = {
    "conversions": {"id": "conversion"},
    "reward_decisions": {"conversion_id": "conversion"},
    "rewards": {"id": "reward", "conversion_id": "conversion"},
    "reward_events": {"reward_id": "reward"},
    "ledger_transactions": {"id": "transaction", "reward_id": "reward"},
    "ledger_entries": {"transaction_id": "transaction"},
}
_NEW_NAMES = ("event_id", "order_id", "subject")


def _renamed(row: dict[str, Any], ids: dict[str, UUID], key: str) -> dict[str, Any]:
    new = {column: ids[what] for columns in _NEW_IDS.values() for column, what in columns.items() if column in row}
    # The id of a row is its own kind's; the columns of one table tell which.
    if "id" in row:
        new["id"] = ids["conversion" if "event_id" in row else "reward" if "granted_at" in row else "transaction"]
    return {**row, **new, **{name: key for name in _NEW_NAMES if name in row}}


def _rate(app: Flask, one: Any, *, clients: int, seconds: float) -> float:
    done = [0] * clients
    stop = time.monotonic() + seconds
    failures: list[BaseException] = []

    def work(client: int) -> None:
        with app.app_context():
            try:
                while time.monotonic() < stop:
                    one()
                    done[client] += 1
            except BaseException as error:
                failures.append(error)
            finally:
                db.session.remove()

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(done) / (time.monotonic() - began)
