"""Buyers by the day of their signup, and by the weeks after it: the same in whatever order purchases arrive."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, JOINED, ada_and_bob, buy, refund
from tests.rollups import assert_proven, counted
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import CohortWeek, LinkDay, ProgramDay, User
from webapp.services.signups import CameBy

# The day of Bob's signup, a Friday, and its week.
SIGNED_UP = JOINED.date()
WEEK = date(2026, 8, 10)


@pytest.fixture(autouse=True)
def counts_agree(in_app):
    yield
    assert_proven()


def buyers(session, table=ProgramDay):
    """Return buyers and repeat buyers of each day of signups."""
    return [
        counted(session, table.day, column)
        for column in (table.buyers, table.repeat_buyers)
    ]  # fmt: skip


def cohorts(session):
    return counted(session, CohortWeek.week, CohortWeek.weeks_after, CohortWeek.buyers)


def test_a_buyer_counts_on_the_day_of_the_signup_once_and_once_more_for_coming_again():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        assert SIGNED_UP.weekday() == 4
        buy(session, bob, event_id="evt_1")
    assert buyers(session) == buyers(session, LinkDay) == [[(SIGNED_UP, 1)], []]
    with write_transaction() as session:
        for number in (2, 3, 4):
            buy(session, session.get_one(User, bob.id), None, event_id=f"evt_{number}", at=NOON + DAY)
    assert buyers(session) == buyers(session, LinkDay) == [[(SIGNED_UP, 1)], [(SIGNED_UP, 1)]]


def test_friends_of_one_day_add_up_and_a_refund_leaves_them_buyers():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        typed = CameBy(typed=factories.link_of(session, ada))
        eve, _ = join(session, typed, email="eve@example.org", now=JOINED)
        ivy, _ = join(session, typed, email="ivy@example.org", now=JOINED + DAY)
        for number, friend in enumerate((bob, eve, ivy, eve)):
            buy(session, friend, event_id=f"evt_{number}")
        refund(session, of="evt_0")
    assert buyers(session) == [[(SIGNED_UP, 2), (SIGNED_UP + DAY, 1)], [(SIGNED_UP, 1)]]


@pytest.mark.parametrize("what", ["of a stranger", "of nobody's friend", "a renewal"])
def test_what_is_no_purchase_of_a_friend_makes_no_buyer(what):
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        user = {"of a stranger": None, "of nobody's friend": ada, "a renewal": bob}[what]
        buy(session, user, type="renewal" if what == "a renewal" else "purchase")
    assert buyers(session) == [[], []]
    assert cohorts(session) == []


def test_a_renewal_before_it_leaves_the_first_purchase_the_first():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob, type="renewal", event_id="renewed", at=NOON - DAY)
        buy(session, bob)
    assert buyers(session) == [[(SIGNED_UP, 1)], []]
    assert len(cohorts(session)) == 1


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", date(2026, 11, 23)), ("America/New_York", date(2026, 11, 22))], ids=["UTC", "New York"]
)
def test_day_and_week_of_a_signup_are_those_of_the_program_s_zone(zone, day):
    monday = datetime(2026, 11, 23, 2, tzinfo=UTC)
    with write_transaction() as session:
        factories.program(session).time_zone = zone
        session.flush()
        _ada, bob = ada_and_bob(session, now=monday)
        # A Monday in both, one week later.
        buy(session, bob, at=monday + 7.5 * DAY)
    assert buyers(session)[0] == [(day, 1)]
    week, after = (date(2026, 11, 23), 1) if zone == "UTC" else (date(2026, 11, 16), 2)
    assert cohorts(session) == [(week, after, 1)]


# Each with the week in which it counts: before the signup, on its day, on that Sunday and Monday, and far later.
MOMENTS = [(-20, 0), (-4, 0), (0, 0), (2, 0), (2.4, 0), (2.6, 1), (9, 1), (20, 3)]


@pytest.mark.parametrize("order", [1, -1, 3, 5], ids=["in order", "backwards", "every third", "every fifth"])
def test_a_friend_counts_once_in_each_calendar_week_in_whatever_order_they_bought(order):
    arriving = [MOMENTS[number * order % len(MOMENTS)] for number in range(len(MOMENTS))]
    assert sorted(arriving) == MOMENTS
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        eve, _ = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org", now=JOINED)
        buy(session, eve, event_id="eve's", at=JOINED + 9 * DAY)
        for number, (days, _week) in enumerate(arriving):
            buy(session, bob, event_id=f"evt_{number}", at=JOINED + days * DAY, now=NOON)
    assert cohorts(session) == [(WEEK, 0, 1), (WEEK, 1, 2), (WEEK, 3, 1)]
    assert buyers(session) == [[(SIGNED_UP, 2)], [(SIGNED_UP, 1)]]


def test_purchases_at_the_same_moment_are_one_buyer_of_a_week():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        for name in ("b", "c", "a"):
            buy(session, bob, event_id=name, at=JOINED)
    assert cohorts(session) == [(WEEK, 0, 1)]


def test_purchases_at_once_of_two_friends_make_each_a_buyer_once(app):
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        eve, _ = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org", now=JOINED)
        friends = [bob.id, eve.id]
    db.session.rollback()

    def purchase(friend_id, number):
        with write_transaction() as session:
            at = JOINED + timedelta(weeks=number % 2)
            buy(session, session.get_one(User, friend_id), event_id=f"evt_{friend_id}_{number}", at=at, now=NOON)

    calls = [lambda pair=pair: purchase(*pair) for pair in itertools.product(friends, range(5))]
    assert at_once(app, calls) == [None] * 10
    session = db.session()
    assert buyers(session) == [[(SIGNED_UP, 2)], [(SIGNED_UP, 2)]]
    assert cohorts(session) == [(WEEK, 0, 2), (WEEK, 1, 2)]
