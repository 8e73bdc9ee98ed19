"""The right to run the background jobs."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import JobLease
from webapp.services.leases import LEASE, give_lease_back, take_lease

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def take(holder, now=NOON, name="jobs"):
    with write_transaction() as session:
        return take_lease(session, name, holder, now)


def holder():
    lease = db.session.scalars(select(JobLease)).one()
    answer = lease.holder, lease.held_until
    db.session.rollback()
    return answer


def test_who_comes_first_holds_the_lease():
    assert take("one")
    assert not take("two")
    assert holder() == ("one", NOON + LEASE)


def test_the_holder_renews_it():
    take("one")
    assert take("one", NOON + LEASE / 3)
    assert holder() == ("one", NOON + LEASE / 3 + LEASE)
    assert not take("two", NOON + LEASE)


def test_a_lease_that_ran_out_passes_on():
    take("one")
    assert not take("two", NOON + LEASE - INSTANT)
    assert take("two", NOON + LEASE)
    assert not take("one", NOON + LEASE)
    assert holder() == ("two", NOON + 2 * LEASE)


def test_a_lease_that_was_taken_while_a_clock_was_wrong_stops_no_job():
    take("one", NOON + timedelta(days=400))
    assert take("two")
    assert holder() == ("two", NOON + LEASE)
    # A clock that is a little ahead of another's is no reason.
    take("two", NOON + timedelta(minutes=2))
    assert not take("one")


def test_a_lease_given_back_passes_on_at_once():
    take("one")
    with write_transaction() as session:
        give_lease_back(session, "jobs", "one")
    assert take("two")


def test_nobody_gives_back_what_another_holds():
    take("one")
    with write_transaction() as session:
        give_lease_back(session, "jobs", "two")
    assert holder() == ("one", NOON + LEASE)


def test_leases_of_two_names_are_apart():
    assert take("one")
    assert take("two", name="other")


@pytest.mark.slow
def test_of_four_at_once_exactly_one_takes_it(app):
    for round_ in range(5):
        taken = at_once(app, [lambda n=n, now=NOON + round_ * LEASE: take(f"p{n}", now) for n in range(4)])
        assert sorted(taken) == [False, False, False, True]
        assert holder()[0] == f"p{taken.index(True)}"
