"""A second factor: turned on and off, and codes that are good once, also when two requests bring the same."""

import secrets

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.recovery_codes import COUNT, draw_codes
from webapp.extensions import db
from webapp.models import AuditEntry, OutboxMail, RecoveryCode, SecondFactor, User
from webapp.queries.second_factor import count_recovery_codes, seed_of
from webapp.services.second_factor import (
    AlreadyOnError,
    NotVerifiedError,
    replace_recovery_codes,
    take_recovery_code,
    take_step,
    turn_off,
    turn_on,
    warn_of_guessing,
)

pytestmark = pytest.mark.usefixtures("in_app")

CODES = draw_codes(secrets.choice)


@pytest.fixture
def ada():
    with write_transaction() as session:
        user = factories.person(session, email="ada@example.com")
        turn_on(session, user, seed=b"seed", step=100, codes=CODES, now=NOON)
        return user.id


def of(act, user_id):
    """Run `act(session, user)` in a transaction of its own."""
    with write_transaction() as session:
        return act(session, session.get_one(User, user_id))


def step(number, user_id):
    return of(lambda session, user: take_step(session, user.id, number), user_id)


def recovery(typed, user_id):
    return of(lambda session, user: take_recovery_code(session, user.id, typed, NOON), user_id)


def left(user_id):
    db.session.rollback()
    return count_recovery_codes(db.session(), user_id)


def told():
    db.session.rollback()
    acts = [(row.action, row.actor_id) for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))]
    return acts, sorted(db.session.scalars(select(OutboxMail.template)))


def test_turning_it_on_is_kept_and_told_and_no_code_stands_in_the_database(ada):
    assert of(lambda _session, user: user.second_factor_since, ada) == NOON
    assert left(ada) == COUNT
    assert told() == ([("second_factor_on", ada)], ["second_factor_on"])
    hashes = set(db.session.scalars(select(RecoveryCode.code_hash)))
    assert not hashes & {code.replace("-", "") for code in CODES}
    assert all(len(code_hash) == 64 for code_hash in hashes)


def test_another_app_does_not_take_the_place_of_the_one_in_force(ada):
    with pytest.raises(AlreadyOnError):
        of(lambda session, user: turn_on(session, user, seed=b"other", step=1, codes=[], now=NOON), ada)
    assert seed_of(db.session(), ada) == b"seed"


def test_a_code_is_good_once_and_none_before_it_either(ada):
    # 100 turned it on.
    assert [step(number, ada) for number in (100, 101, 101, 100, 102)] == [False, True, False, False, True]


def test_of_several_who_type_the_same_code_at_once_one_gets_in(in_app, ada):
    assert sorted(at_once(in_app, [lambda: step(200, ada)] * 4)) == [False, False, False, True]


def test_of_several_who_type_the_same_recovery_code_at_once_one_gets_in(in_app, ada):
    assert sorted(at_once(in_app, [lambda: recovery(CODES[0], ada)] * 4)) == [False, False, False, True]
    assert left(ada) == COUNT - 1


def test_a_recovery_code_is_good_once_however_it_is_typed(ada):
    assert recovery(f" {CODES[0].upper().replace('-', ' ')} ", ada)
    assert [recovery(typed, ada) for typed in (CODES[0], "", "x" * 5000, "k7fm-wq3x-9prt-h2v!", "\0")] == [False] * 5
    assert left(ada) == COUNT - 1


def test_nobody_gets_in_with_somebody_elses_codes(ada):
    with write_transaction() as session:
        bob = factories.person(session).id
    assert [recovery(CODES[0], bob), step(300, bob)] == [False, False]
    assert [recovery(CODES[0], ada), step(300, ada)] == [True, True]


def test_new_recovery_codes_replace_the_former_ones(ada):
    new = draw_codes(secrets.choice)
    of(lambda session, user: replace_recovery_codes(session, user, new, NOON), ada)
    assert [recovery(CODES[0], ada), recovery(new[0], ada), left(ada)] == [False, True, COUNT - 1]
    assert told()[0][-1] == ("recovery_codes_made", ada)


@pytest.mark.parametrize("by_command_line", [False, True])
def test_turning_it_off_leaves_nothing_of_it_and_is_kept_and_told(ada, by_command_line):
    by = None if by_command_line else ada
    assert of(lambda session, user: turn_off(session, user, by=by, now=NOON), ada)
    assert not of(lambda session, user: turn_off(session, user, by=by, now=NOON), ada)
    assert [db.session.query(table).count() for table in (SecondFactor, RecoveryCode)] == [0, 0]
    assert told() == (
        [("second_factor_on", ada), ("second_factor_off", by)],
        ["second_factor_off", "second_factor_on"],
    )


def test_who_is_guessed_at_is_told_once_a_day(ada):
    for _ in range(3):
        of(lambda session, user: warn_of_guessing(session, user, NOON), ada)
    assert told()[1] == ["second_factor_guessed", "second_factor_on"]


def test_nobody_locks_an_address_that_may_be_somebody_elses():
    with write_transaction() as session:
        guest = factories.person(session, email="victim@example.com")
        guest.email_verified_at = None
        with pytest.raises(NotVerifiedError):
            turn_on(session, guest, seed=b"seed", step=1, codes=CODES, now=NOON)
        assert guest.second_factor_since is None
