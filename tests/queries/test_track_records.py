"""How a referrer's friends have done beside the program: what is counted, and how little is read for it."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from tests import factories, money
from tests.factories import NOON, join, link_of, program
from tests.money import DAY
from webapp.database import write_transaction
from webapp.domain.evidence import Proportion, Sources
from webapp.ids import new_id
from webapp.queries import track_records
from webapp.queries.track_records import Record, sent_back, signed_up, sources_of
from webapp.services.clicks import Visit
from webapp.services.signups import CameBy
from webapp.transactions import write_what_was_left

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def session(in_app):
    with write_transaction() as session:
        yield session


def of(session, referrer):
    return Record(program(session).id, referrer.id, "UTC", NOON)


def comes_by_click(session, referrer, *, at):
    visitor = new_id()
    factories.click(session, link_of(session, referrer), visitor_id=visitor, now=at - timedelta(minutes=5))
    return join(session, CameBy(visitor_id=visitor), email=f"{new_id().hex}@example.net", now=at)[0]


def types_the_code(session, referrer, *, at):
    return join(session, CameBy(typed=link_of(session, referrer)), email=f"{new_id().hex}@example.net", now=at)[0]


def looks(session, referrer, *, many, at=NOON - 9 * DAY, host=None):
    for _number in range(many):
        visit = Visit(source_host=host)
        factories.click(session, link_of(session, referrer), visitor_id=new_id(), now=at, visit=visit)


def test_what_went_back_of_the_last_180_days_counts_once_whole_or_in_part(session):
    ada, eve = (factories.person(session, now=NOON - 300 * DAY) for _one in range(2))
    bob, fay = (types_the_code(session, one, at=NOON - 299 * DAY) for one in (ada, eve))
    for number, days in enumerate((200, 170, 20, 19, 18, 17)):
        money.buy(session, bob, event_id=f"bob_{number}", at=NOON - days * DAY)
    for number in range(9):
        money.buy(session, fay, event_id=f"fay_{number}", at=NOON - 20 * DAY)
    write_what_was_left(session)
    assert sent_back(session, of(session, ada)) is None
    # Before the time, in two parts, as a whole, and one that the bank took and gave back.
    money.refund(session, of="bob_0", event_id="r0", at=NOON - 9 * DAY)
    money.refund(session, "1.00 USD", of="bob_1", event_id="r1", at=NOON - 9 * DAY)
    money.refund(session, "1.00 USD", of="bob_1", event_id="r2", at=NOON - 8 * DAY)
    money.refund(session, of="bob_2", event_id="r3", at=NOON - 8 * DAY)
    money.dispute(session, of="bob_3", event_id="d1", at=NOON - 8 * DAY)
    money.decide(session, "won", of="d1", at=NOON - 7 * DAY)
    money.refund(session, of="fay_0", event_id="r4", at=NOON - 8 * DAY)
    write_what_was_left(session)
    assert sent_back(session, of(session, ada)) == Proportion(2, 5, 3, 14)
    assert sent_back(session, of(session, eve)) == Proportion(1, 9, 3, 14)


def test_where_more_went_back_than_is_read_fewer_days_count(session, monkeypatch):
    monkeypatch.setattr(track_records, "MOST_REFUNDS", 3)
    ada = factories.person(session, now=NOON - 300 * DAY)
    bob = types_the_code(session, ada, at=NOON - 299 * DAY)
    for number in range(6):
        money.buy(session, bob, event_id=f"bob_{number}", at=NOON - (60 - 10 * number) * DAY)
        money.refund(session, of=f"bob_{number}", event_id=f"r{number}", at=NOON - (59 - 10 * number) * DAY)
    money.buy(session, bob, event_id="kept", at=NOON - DAY)
    write_what_was_left(session)
    # The third newest was 29 days ago: what was bought since the day after.
    assert sent_back(session, of(session, ada)) == Proportion(2, 3, 2, 3)


def test_who_types_a_code_from_a_flyer_was_never_a_visitor(session):
    ada, eve = (factories.person(session, now=NOON - 30 * DAY) for _one in range(2))
    looks(session, eve, many=50)
    looks(session, ada, many=2)
    comes_by_click(session, ada, at=NOON - 3 * DAY)
    for number in range(20):
        types_the_code(session, ada, at=NOON - timedelta(days=4, minutes=number))
    write_what_was_left(session)
    assert signed_up(session, of(session, ada)) == Proportion(1, 3, 21, 53)
    # Whose visitors do not sign up more often than others is not looked at.
    assert signed_up(session, of(session, eve)) is None


def test_of_many_signups_only_the_days_of_the_newest_count(session, monkeypatch):
    monkeypatch.setattr(track_records, "MOST_TOUCHES", 4)
    ada, eve = (factories.person(session, now=NOON - 90 * DAY) for _one in range(2))
    looks(session, eve, many=40, at=NOON - DAY)
    for days in range(12, 0, -1):
        comes_by_click(session, ada, at=NOON - days * DAY)
    write_what_was_left(session)
    assert signed_up(session, of(session, ada)) == Proportion(3, 3, 3, 43)


def test_the_newest_clicks_of_a_link_are_counted_by_where_they_came_from(session, monkeypatch):
    monkeypatch.setattr(track_records, "LINK_CLICKS", 30)
    ada, eve = (factories.person(session, now=NOON - 90 * DAY) for _one in range(2))
    link = link_of(session, ada).id
    looks(session, ada, many=19, at=NOON - 5 * DAY, host="old.example")
    write_what_was_left(session)
    assert sources_of(session, of(session, ada), link) is None
    looks(session, ada, many=20, at=NOON - 4 * DAY, host="coupons.example")
    looks(session, ada, many=4, at=NOON - 3 * DAY)
    looks(session, eve, many=7, at=NOON - 2 * DAY, host="coupons.example")
    write_what_was_left(session)
    assert sources_of(session, of(session, ada), link) == Sources(30, {"coupons.example": 20, "old.example": 6})
    # Among so many of the program's the link has only four.
    monkeypatch.setattr(track_records, "PROGRAM_CLICKS", 11)
    assert sources_of(session, of(session, ada), link) == Sources(4, {})


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_none_of_it_reads_a_table_from_end_to_end(session):
    ada, eve = (factories.person(session, now=NOON - 90 * DAY) for _one in range(2))
    bob = comes_by_click(session, ada, at=NOON - 9 * DAY)
    looks(session, ada, many=20)
    looks(session, eve, many=20)
    money.buy(session, bob, at=NOON - 2 * DAY)
    money.refund(session, at=NOON - DAY)
    write_what_was_left(session)
    asked, about, connection = [], of(session, ada), session.connection()

    def keeps(_connection, _cursor, statement, values, *_about):
        asked.append((statement, values))

    event.listen(connection, "before_cursor_execute", keeps)
    try:
        assert sent_back(session, about)
        assert signed_up(session, about)
        assert sources_of(session, about, link_of(session, ada).id)
    finally:
        event.remove(connection, "before_cursor_execute", keeps)
    plans = [
        (row[3], statement)
        for statement, values in asked
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    read = {line for line, _statement in plans}
    # By the primary key from its end, as far as the limit.
    newest = "SCAN refunds USING INDEX sqlite_autoindex_refunds_1"
    assert {line for line in read if line.startswith("SCAN") and "anon_" not in line} == {newest, "SCAN CONSTANT ROW"}
    assert all("LIMIT" in statement for line, statement in plans if line == newest)
    assert (
        "SEARCH attribution_touches USING INDEX ix_attribution_touches_referrer_id_decision_id (referrer_id=?)" in read
    )
    assert "SEARCH clicks USING INDEX ix_clicks_program_id_clicked_at (program_id=? AND clicked_at<?)" in read
