"""Counting friends' purchases by day, in the transaction of the purchase."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import LinkDay, ProgramDay, User
from webapp.queries.rollups import breaches
from webapp.services.conversions import EventTakenError
from webapp.services.rollups import rebuild

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def counts_agree(in_app):
    """Whatever happened in a test, the counts agree with the rows after it."""
    yield
    assert list(breaches(db.session())) == []


def purchases(session, table=ProgramDay):
    """Return the purchases of each day that has any."""
    return dict(session.execute(select(table.day, table.purchases).where(table.purchases > 0)).all())


def test_a_friend_s_purchase_counts_for_the_link_that_brought_them():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        buy(session, bob, event_id="evt_1")
        buy(session, bob, None, event_id="evt_2", at=NOON + timedelta(hours=11))
    days = session.scalars(select(LinkDay).where(LinkDay.purchases > 0)).all()
    assert [(day.link_id, day.referrer_id, day.day, day.purchases) for day in days] == [
        (factories.link_of(session, ada).id, ada.id, TODAY, 2)
    ]
    assert purchases(session) == {TODAY: 2}


def test_it_counts_whatever_it_earned():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        _ada, bob = ada_and_bob(session)
        for number in range(3):
            buy(session, bob, event_id=f"evt_{number}")
    assert purchases(session) == {TODAY: 3}


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Pacific/Auckland", datetime.fromisoformat("2026-11-22T12:00:00+00:00"), date(2026, 11, 23)),
        ("Pacific/Auckland", datetime.fromisoformat("2026-11-22T10:59:59+00:00"), date(2026, 11, 22)),
        ("America/New_York", datetime.fromisoformat("2026-11-22T04:59:59+00:00"), date(2026, 11, 21)),
    ],
    ids=["after midnight there", "before midnight there", "still yesterday there"],
)
def test_a_day_is_one_of_the_program_s_time_zone(zone, at, day):
    with write_transaction() as session:
        factories.program(session).time_zone = zone
        session.flush()
        _ada, bob = ada_and_bob(session)
        buy(session, bob, at=at)
    assert purchases(session) == purchases(session, LinkDay) == {day: 1}


def test_a_late_purchase_counts_on_the_day_on_which_it_happened():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob, at=NOON - 9 * DAY, now=NOON)
    assert purchases(session) == {TODAY - timedelta(days=9): 1}


@pytest.mark.parametrize("what", ["of a stranger", "of nobody's friend", "a renewal"])
def test_what_is_no_purchase_of_a_friend_is_not_counted(what):
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        user = {"of a stranger": None, "of nobody's friend": ada, "a renewal": bob}[what]
        buy(session, user, type="renewal" if what == "a renewal" else "purchase")
    assert purchases(session) == purchases(session, LinkDay) == {}


def test_a_refund_changes_no_count():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        refund(session)
    assert purchases(session) == {TODAY: 1}


def test_an_event_that_is_refused_is_not_counted():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        with pytest.raises(EventTakenError):
            buy(session, bob)
    assert purchases(session) == {TODAY: 1}


def test_rebuilt_counts_are_the_same():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        for number in range(4):
            buy(session, bob, event_id=f"evt_{number}", at=NOON + number * DAY / 2)
        buy(session, ada, event_id="hers")
    counted = purchases(session), purchases(session, LinkDay)
    assert counted == ({TODAY: 1, TODAY + timedelta(days=1): 2, TODAY + timedelta(days=2): 1},) * 2
    with write_transaction() as session:
        rebuild(session)
    assert (purchases(session), purchases(session, LinkDay)) == counted


def test_purchases_at_once_are_all_counted(app):
    with write_transaction() as session:
        bob_id = ada_and_bob(session)[1].id
    db.session.rollback()

    def purchase(number):
        with write_transaction() as session:
            buy(session, session.get_one(User, bob_id), event_id=f"evt_{number}")

    assert at_once(app, [lambda number=number: purchase(number) for number in range(8)]) == [None] * 8
    assert purchases(db.session()) == purchases(db.session(), LinkDay) == {TODAY: 8}
