"""`rules replay` over a million conversions, beside a bare reading of the same rows in the same order."""

import itertools
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, insert, select, text

from tests import factories, money
from tests.replays import EVER, replay
from webapp.database import one_snapshot, write_transaction
from webapp.domain.replaying.told import Replayed
from webapp.ids import new_id
from webapp.models import Conversion, Model, Referral

CONVERSIONS = 1_000_000
REFERRERS, FRIENDS = 500, 20_000
DAYS = 365
# So many of a hundred pay in another currency, and so many orders are sent back, of which every other whole.
ABROAD, RETURNED = 8, 7
AT_ONCE = 5_000

_WHEN = {
    "all": [
        {"field": "amount", "op": ">=", "value": 1000, "currency": "USD"},
        {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]},
    ]
}
RULES: tuple[dict[str, Any], ...] = (
    {"limits": {"per_referrer": {"amount": 20_000, "currency": "USD", "period": "month"}}, "when": _WHEN},
    {**money.TEN_DOLLARS, "limits": {"program": {"count": 50_000, "period": "month"}}},
    {**money.TEN_DOLLARS, "key": "friends", "beneficiary": "friend", "when": {"all": _WHEN["all"][:1]}},
)
DRAFT = {**RULES[0], "settings": {"percent": "25", "first_purchases": 6}}


def build(app: Flask, conversions: int = CONVERSIONS) -> None:
    """Fill a database: people and what they bought, past the services, for it is the reading that is measured."""
    with app.app_context():
        with write_transaction() as session:
            for rule in RULES:
                money.publish(session, now=factories.NOON - timedelta(days=2 * DAYS), **rule)
            money.ada_and_bob(session)
        with write_transaction() as session:
            program_id = factories.program(session).id
            connection = session.connection()
            friends = list(_people(connection, program_id))
            turns = itertools.islice(_bought(program_id, friends, conversions), conversions)
            while rows := list(itertools.islice(turns, AT_ONCE)):
                connection.execute(insert(Model.metadata.tables["conversions"]), rows)
                returned = [row for row in rows if int(row["event_id"][4:]) % 101 < RETURNED]
                connection.execute(insert(Model.metadata.tables["refunds"]), [_refund(row) for row in returned])
            if connection.dialect.name == "postgresql":
                connection.execute(text("ANALYZE"))


def ours(app: Flask) -> tuple[float, Replayed]:
    """Return conversions a second of a replay, and what it told."""
    with app.app_context(), one_snapshot() as session:
        program = factories.program(session)
        began = time.perf_counter()
        told = replay(session, program, money.rule(**DRAFT), since=EVER[0])
        return told.counts.conversions / (time.perf_counter() - began), told


def bare(app: Flask) -> float:
    """Return rows a second of reading what a replay reads of conversions, and nothing else."""
    columns = (Conversion.id, Conversion.type, Conversion.user_id, Referral.referrer_id, Conversion.amount_minor)
    query = (
        select(*columns, Conversion.currency, Conversion.occurred_at, Conversion.details)
        .join(Referral, Referral.id == Conversion.referral_id)
        .order_by(Conversion.occurred_at, func.coalesce(Conversion.event_id, ""), Conversion.id)
    )
    with app.app_context(), one_snapshot() as session:
        began, rows = time.perf_counter(), 0
        statement = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        cursor = session.connection().exec_driver_sql(str(statement), execution_options={"stream_results": True})
        while found := cursor.fetchmany(1_000):
            rows += len(found)
        return rows / (time.perf_counter() - began)


def _people(connection: Any, program_id: UUID) -> Any:
    """Write referrers and friends like Ada and Bob. Yields the id of each friend, and of the referral."""
    tables = Model.metadata.tables
    sample = {
        name: [dict(row) for row in connection.execute(select(tables[name])).mappings()]
        for name in ("users", "attribution_decisions", "referrals")
    }
    ada = next(row for row in sample["users"] if row["referred_by"] is None)
    bob = next(row for row in sample["users"] if row["referred_by"] is not None)
    (decision,), (referral,) = sample["attribution_decisions"], sample["referrals"]
    referrers = [_person(ada, new_id()) for _ in range(REFERRERS)]
    friends = [_person(bob, new_id()) | {"referred_by": None} for _ in range(FRIENDS)]
    connection.execute(insert(tables["users"]), [*referrers, *friends])
    decisions = [{**decision, "id": new_id(), "friend_id": friend["id"]} for friend in friends]
    connection.execute(insert(tables["attribution_decisions"]), decisions)
    referrals = [
        {
            **referral,
            "id": new_id(),
            "friend_id": friend["id"],
            "decision_id": of["id"],
            "referrer_id": referrers[number % REFERRERS]["id"],
        }
        for number, (friend, of) in enumerate(zip(friends, decisions, strict=True))
    ]
    connection.execute(insert(tables["referrals"]), referrals)
    for row in referrals:
        yield row["friend_id"], row["id"]


def _person(like: dict[str, Any], id_: UUID) -> dict[str, Any]:
    return {**like, "id": id_, "email": f"{id_}@example.org", "email_key": f"{id_}@example.org", "external_id": None}


def _bought(program_id: UUID, friends: list[Any], conversions: int) -> Any:
    first = factories.NOON - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / conversions
    for number in range(conversions):
        friend_id, referral_id = friends[(number * 7919) % len(friends)]
        at = first + number * step
        yield {
            "id": new_id(),
            "program_id": program_id,
            "event_id": f"evt_{number:09}",
            "type": "purchase",
            "user_id": friend_id,
            "referral_id": referral_id,
            "amount_minor": 500 + (number * 613) % 9_000,
            "currency": "EUR" if number % 100 < ABROAD else "USD",
            "order_id": f"ord_{number:09}",
            "details": {"plan": ("free", "pro", "team")[number % 3]},
            "occurred_at": at,
            "recorded_at": at,
        }


def _refund(of: dict[str, Any]) -> dict[str, Any]:
    is_whole = of["amount_minor"] % 2
    at = of["occurred_at"] + timedelta(days=9)
    return {
        "id": new_id(),
        "program_id": of["program_id"],
        "event_id": f"ref_{of['event_id']}",
        "conversion_event_id": of["event_id"],
        "wanted_minor": None if is_whole else of["amount_minor"] // 4,
        "conversion_id": of["id"],
        "applied_minor": of["amount_minor"] if is_whole else of["amount_minor"] // 4,
        "occurred_at": at,
        "recorded_at": at,
    }
