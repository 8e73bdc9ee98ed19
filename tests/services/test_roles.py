"""Changing what people may do."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, PASSWORD
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, User
from webapp.services.roles import (
    LastAdminError,
    NoLongerAdminError,
    OwnRoleError,
    UnconfirmedError,
    change_role,
    is_last_admin,
)

pytestmark = pytest.mark.usefixtures("in_app")


def people(*roles, password=PASSWORD):
    with write_transaction() as session:
        return [factories.person(session, role=role, password=password).id for role in roles]


def change(person_id, role, *, by):
    with write_transaction() as session:
        return change_role(session, session.get_one(User, person_id), role, by=by, now=NOON)


def role_of(person_id):
    db.session.rollback()
    return db.session.scalar(select(User.role).where(User.id == person_id))


def acts():
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
    return [(row.action, row.subject_id, row.actor_id, row.details) for row in rows]


def test_a_role_is_changed_and_kept_in_the_audit_log():
    marta, bob = people("admin", "referrer")
    assert change(bob, "marketer", by=marta)
    assert role_of(bob) == "marketer"
    assert acts() == [("role_changed", bob, marta, {"from": "referrer", "to": "marketer"})]


def test_the_same_role_again_changes_nothing():
    marta, bob = people("admin", "marketer")
    assert not change(bob, "marketer", by=marta)
    assert acts() == []


def test_an_admin_may_make_another_one_and_that_one_may_take_the_role():
    marta, bob = people("admin", "referrer")
    change(bob, "admin", by=marta)
    assert change(marta, "referrer", by=bob)
    assert (role_of(marta), role_of(bob)) == ("referrer", "admin")


@pytest.mark.parametrize(
    ("roles", "by", "error"),
    [
        pytest.param(("admin", "admin"), 0, OwnRoleError, id="from oneself"),
        pytest.param(("admin", "marketer"), None, LastAdminError, id="from the last admin, by the command line"),
        pytest.param(("admin", "marketer"), 1, NoLongerAdminError, id="by someone who is no admin"),
    ],
)
def test_the_role_of_an_admin_is_not_taken(roles, by, error):
    ids = people(*roles)
    with pytest.raises(error):
        change(ids[0], "referrer", by=None if by is None else ids[by])
    assert role_of(ids[0]) == "admin"
    assert acts() == []


def unconfirmed(person_id):
    with write_transaction() as session:
        session.get_one(User, person_id).email_verified_at = None
    return person_id


@pytest.mark.parametrize(("before", "role"), [("referrer", "marketer"), ("referrer", "admin"), ("marketer", "admin")])
def test_an_account_that_somebody_opened_with_a_foreign_address_gets_no_role_of_staff(before, role):
    marta, bob = people("admin", before)
    unconfirmed(bob)
    with pytest.raises(UnconfirmedError):
        change(bob, role, by=marta)
    assert (role_of(bob), acts()) == (before, [])


def test_a_role_is_taken_from_whom_it_may_be_and_given_where_only_the_mailbox_leads_in():
    marta, jo, bob = map(unconfirmed, people("admin", "admin", "marketer"))
    (reported,) = map(unconfirmed, people("referrer", password=None))
    assert [change(jo, "marketer", by=marta), change(bob, "referrer", by=marta)] == [True, True]
    assert change(reported, "marketer", by=marta)


@pytest.mark.parametrize("attempt", range(3))
def test_two_admins_who_take_the_role_from_each_other_at_once_leave_one(app, attempt):
    marta, jo = people("admin", "admin")
    outcomes = at_once(app, [lambda: change(marta, "referrer", by=jo), lambda: change(jo, "referrer", by=marta)])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoLongerAdminError", "bool"]
    assert sorted([role_of(marta), role_of(jo)]) == ["admin", "referrer"]


def is_last(person_id):
    with write_transaction() as session:
        return is_last_admin(session, session.get_one(User, person_id))


def test_only_admins_who_can_sign_in_count():
    marta, bob = people("admin", "marketer")
    (invited,) = people("admin", password=None)
    assert [is_last(marta), is_last(bob), is_last(invited)] == [True, False, False]
    with pytest.raises(LastAdminError):
        change(marta, "referrer", by=None)
    (jo,) = people("admin")
    assert [is_last(marta), is_last(jo)] == [False, False]
    with write_transaction() as session:
        session.get_one(User, jo).erased_at = NOON
    assert is_last(marta)


def test_an_admin_of_another_program_is_no_help():
    (marta,) = people("admin")
    with write_transaction() as session:
        stranger = factories.person(session, role="admin", password=PASSWORD)
        stranger.program_id = factories.other_program(session).id
    assert is_last(marta)
