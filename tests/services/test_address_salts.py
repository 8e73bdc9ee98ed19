"""Salts of addresses: one for each seven days, the same for everybody, and gone seven days later."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.threads import at_once
from webapp.clicks.addresses import address_key, hashes_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.rotate_address_salts import rotate_address_salts
from webapp.models import AddressSalt
from webapp.services.address_salts import Salt, current_salt, destroy_old_salts, ensure_salt, living_salts

pytestmark = pytest.mark.usefixtures("in_app")

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
# The salts of the calendar begin on Thursdays.
BEGINS_AT = datetime(2026, 11, 19, tzinfo=UTC)


def make(now):
    with write_transaction() as session:
        return ensure_salt(session, now)


def stored():
    db.session.rollback()
    return db.session.scalars(select(AddressSalt.begins_at).order_by(AddressSalt.begins_at)).all()


def test_there_is_none_until_it_is_made_and_then_it_holds_for_its_seven_days():
    assert current_salt(db.session(), BEGINS_AT) is None
    made = make(BEGINS_AT + 3 * DAY)
    assert made.begins_at == BEGINS_AT
    assert len(made.salt) == 32
    for now in (BEGINS_AT, BEGINS_AT + 7 * DAY - INSTANT):
        assert current_salt(db.session(), now) == made
        assert make(now) == made
    assert current_salt(db.session(), BEGINS_AT - INSTANT) is None
    assert current_salt(db.session(), BEGINS_AT + 7 * DAY) is None
    following = make(BEGINS_AT + 7 * DAY)
    assert following.begins_at == BEGINS_AT + 7 * DAY == made.ends_at
    assert following.salt != made.salt


def test_processes_that_make_it_at_once_end_with_one(app):
    db.session.rollback()
    made = at_once(app, [lambda: make(BEGINS_AT + DAY)] * 6)
    assert len(set(made)) == 1
    assert isinstance(made[0], Salt)
    assert stored() == [BEGINS_AT]


def test_hashes_of_the_week_before_can_be_compared_until_their_salt_is_destroyed_and_then_never_again():
    secret, address = "a secret for tests that is long enough", "192.0.2.1"
    made = make(BEGINS_AT + 6 * DAY)
    kept = hashes_of(address, address_key(secret, made))

    def can_be_compared(now):
        db.session.rollback()
        return kept in {hashes_of(address, address_key(secret, salt)) for salt in living_salts(db.session(), now)}

    rotate_address_salts(BEGINS_AT + 14 * DAY - INSTANT)
    assert can_be_compared(BEGINS_AT + 14 * DAY - INSTANT)
    assert not can_be_compared(BEGINS_AT + 14 * DAY), "also while the job is late"
    assert rotate_address_salts(BEGINS_AT + 14 * DAY) == 1
    assert not any(can_be_compared(BEGINS_AT + days * DAY) for days in range(30))
    assert make(BEGINS_AT + 6 * DAY).salt != made.salt


def test_the_job_makes_the_next_one_a_day_ahead_and_leaves_those_alone_that_live():
    assert rotate_address_salts(BEGINS_AT + 5 * DAY) == 0
    assert stored() == [BEGINS_AT]
    assert rotate_address_salts(BEGINS_AT + 6 * DAY) == 0
    assert stored() == [BEGINS_AT, BEGINS_AT + 7 * DAY]
    assert current_salt(db.session(), BEGINS_AT + 6 * DAY).begins_at == BEGINS_AT
    with write_transaction() as session:
        assert destroy_old_salts(session, BEGINS_AT + 14 * DAY - INSTANT) == 0
    assert rotate_address_salts(BEGINS_AT + 100 * DAY) == 2
    assert stored() == [BEGINS_AT + 98 * DAY]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_destroyed_salt_cannot_be_found_in_the_file(database_url):
    made = make(BEGINS_AT)
    for number in range(1, 5):
        make(BEGINS_AT + number * 7 * DAY)
    rotate_address_salts(BEGINS_AT + 28 * DAY)
    db.session.rollback()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(db.engine.url.database, "rb") as file:
        assert made.salt not in file.read()
