"""`verify` finds whatever does not agree, in each table; and what is gathered in a transaction is written once."""

import itertools
from uuid import uuid4

import pytest
from sqlalchemy import delete, event, select, update

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, ada_and_bob, buy, decide, dispute, publish, refund, send
from tests.rollups import all_rows, assert_proven
from tests.services.test_referral_changes import change
from tests.threads import at_once
from webapp.database import one_snapshot, write_transaction, writing_engine
from webapp.domain.counts import COHORT_WEEKS, ROLL_UPS
from webapp.extensions import db
from webapp.models import Click, Conversion, Link, Model, ProgramDay, Referral, Refund, User
from webapp.queries.rollups import breaches
from webapp.services.clicks import Visit
from webapp.services.rollups import rebuild
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

COLUMNS = [(roll_up, column) for roll_up in ROLL_UPS for column in roll_up.counts]
CHAT = Visit(utm_source="whatsapp", utm_medium="chat")


def a_history(session):
    """Something in every column of every roll-up."""
    publish(session)
    ada = factories.person(session)
    link, visitor = factories.link_of(session, ada), uuid4()
    factories.click(session, link, visitor_id=visitor, visit=CHAT, now=NOON - 3 * DAY)
    bob, _ = join(session, CameBy(visitor_id=visitor), now=NOON - 2 * DAY)
    for number in range(2):
        buy(session, bob, event_id=f"evt_{number}")
    refund(session, "10.00 USD", of="evt_0")
    return bob


def test_every_roll_up_is_laid_out_as_its_table_and_has_its_day_second():
    tables = {model.__tablename__ for model in Model.__subclasses__()}
    assert {roll_up.table for roll_up in ROLL_UPS} == {name for name in tables if name.endswith(("_days", "_weeks"))}
    for roll_up in ROLL_UPS:
        table = Model.metadata.tables[roll_up.table]
        assert sorted((*roll_up.key, *roll_up.counts)) == sorted(table.columns.keys())
        assert set(table.primary_key.columns.keys()) <= set(roll_up.key)
        assert roll_up.key[1] == ("week" if roll_up is COHORT_WEEKS else "day")
    assert ROLL_UPS[-1].table == "program_days", "what every click writes comes last"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_verify_finds_a_wrong_count_in_each_column_a_missing_row_and_one_too_many():
    with write_transaction() as session:
        a_history(session)
    assert_proven()
    for roll_up, column in COLUMNS:
        table = Model.metadata.tables[roll_up.table]
        tamperings = {
            "wrong": update(table).where(table.c[column] > 0).values({column: table.c[column] + 7}),
            "missing": delete(table).where(table.c[column] > 0),
            "elsewhere": update(table).where(table.c[column] > 0).values({roll_up.key[1]: NOON.date() - 999 * DAY}),
        }
        for how, tampering in tamperings.items():
            with write_transaction() as session:
                assert session.execute(tampering).rowcount > 0, (roll_up.table, column, "has something in it")
            lines = list(breaches(db.session()))
            assert lines, (roll_up.table, column, how)
            assert all(line.startswith(f"{roll_up.table} of {roll_up.key[0]} ") for line in lines)
            assert any(f"{column} " in line.partition("the roll-up says")[2] for line in lines)
            with write_transaction() as session:
                rebuild(session)
            assert list(breaches(db.session())) == []


RAW = {
    "a click that was another visitor's": (update(Click).values(new_today=False, new_on_link=False), "visitors 1"),
    "a friend whose campaign was changed": (update(Referral).values(utm_source="x"), "utm_source 'x'"),
    "a purchase that became dearer": (
        update(Conversion).where(Conversion.event_id == "evt_1").values(amount_minor=5000),
        "the rows say revenue_minor 9999",
    ),
    "a purchase that is no friend's": (
        update(Conversion).where(Conversion.event_id == "evt_1").values(referral_id=None),
        "the roll-up says repeat_buyers 1; the rows say repeat_buyers 0",
    ),
    "a refund on another day": (update(Refund).values(occurred_at=NOON + 9 * DAY), "withdrawn_minor 200"),
}


@pytest.mark.parametrize("tampering", RAW)
def test_verify_finds_raw_rows_that_were_changed(tampering):
    with write_transaction() as session:
        a_history(session)
    statement, said = RAW[tampering]
    with write_transaction() as session:
        session.execute(statement)
    assert any(said in line for line in breaches(db.session()))
    with write_transaction() as session:
        rebuild(session)
    assert_proven()


def test_a_line_names_table_row_and_both_counts():
    with write_transaction() as session:
        a_history(session)
        program_id = factories.program(session).id
    table = Model.metadata.tables["campaign_days"]
    with write_transaction() as session:
        session.execute(update(table).where(table.c.clicks > 0).values(clicks=7, visitors=0))
    assert list(breaches(db.session())) == [
        f"campaign_days of program_id {program_id}, day 2026-11-19, utm_source 'whatsapp', utm_medium 'chat',"
        " utm_campaign '': the roll-up says clicks 7, visitors 0; the rows say clicks 1, visitors 1"
    ]


def test_a_transaction_writes_each_row_once_in_the_order_of_everybody():
    with write_transaction() as session:
        publish(session)
        bob_id = ada_and_bob(session)[1].id
    written = []

    def see(_connection, _cursor, statement, parameters, _context, many):
        table = statement.removeprefix("INSERT INTO ").split(" ")[0]
        if table in {roll_up.table for roll_up in ROLL_UPS}:
            # SQLite is told of several rows in one statement, by place.
            columns = statement.partition(")")[0].count(",") + 1
            rows = len(parameters) // columns if isinstance(parameters, tuple) else 1
            written.append((table, len(parameters) if many else rows))

    event.listen(writing_engine(), "before_cursor_execute", see)
    try:
        with write_transaction() as session:
            for number in range(3):
                buy(session, session.get_one(User, bob_id), event_id=f"evt_{number}")
                refund(session, of=f"evt_{number}", event_id=f"ref_{number}", at=NOON)
    finally:
        event.remove(writing_engine(), "before_cursor_execute", see)
    assert written == [
        # The day of the purchases, and that of the signup.
        *(("link_days", 2), ("link_revenue_days", 1), ("cohort_weeks", 1)),
        *(("rule_days", 1), ("program_revenue_days", 1), ("program_days", 2)),
    ]
    assert_proven()


def buy_and_break(user_id):
    with write_transaction() as session:
        buy(session, session.get_one(User, user_id))
        raise ZeroDivisionError


def test_what_was_gathered_is_gone_with_its_transaction():
    with write_transaction() as session:
        publish(session)
        bob_id = ada_and_bob(session)[1].id
    before = all_rows()
    with pytest.raises(ZeroDivisionError):
        buy_and_break(bob_id)
    with write_transaction() as session:
        assert session.scalars(select(ProgramDay.purchases)).all() == [0]
    assert all_rows() == before
    assert_proven()


def test_verify_and_rebuild_are_right_while_money_moves(app):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        eve, _ = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org", now=NOON)
        ids, link_id = [bob.id, eve.id], factories.link_of(session, ada).id
    db.session.rollback()

    def trade(user_id):
        for number in range(8):
            name = f"{user_id} {number}"
            if number % 3 == 0:
                with write_transaction() as session:
                    refund(session, "1.00 USD", of=name, event_id=f"early {name}")
            with write_transaction() as session:
                recorded = buy(session, session.get_one(User, user_id), event_id=name, at=NOON - number * DAY)
            if number % 2:
                with write_transaction() as session:
                    refund(session, "9.00 USD", of=name, event_id=f"of {name}")
            else:
                with write_transaction() as session:
                    send(session, recorded.rewards[0].id, "held", "rejected")

    def click():
        visitor = uuid4()
        for _ in range(20):
            with write_transaction() as session:
                factories.click(session, session.get_one(Link, link_id), visitor_id=visitor, visit=CHAT)

    def verify():
        for _ in range(6):
            with one_snapshot() as session:
                assert list(breaches(session)) == []

    def rebuild_often():
        for _ in range(6):
            with write_transaction() as session:
                rebuild(session)

    calls = [*(lambda user_id=user_id: trade(user_id) for user_id in ids), click, verify, rebuild_often]
    assert at_once(app, calls) == list(itertools.repeat(None, 5))
    assert_proven()


def test_a_day_on_which_as_much_came_back_as_went_is_right_without_a_row():
    with write_transaction() as session:
        eve = factories.person(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, at=NOON - DAY)
        dispute(session, "20.00 USD", at=NOON)
        decide(session, at=NOON)
    # What is counted for somebody else is counted anew.
    with write_transaction() as session:
        change(session, session.merge(bob), session.merge(eve))
    assert list(breaches(db.session())) == []
