"""Making accounts."""

import secrets

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, Link, User
from webapp.services import people
from webapp.services.people import EmailTakenError, change_profile, create_person, open_account

pytestmark = pytest.mark.usefixtures("in_app")


def create(session, *, email="Bob.Miller@Gmail.com", verified=True, role="marketer"):
    return create_person(
        session,
        factories.program(session),
        name="Bob Miller",
        email=email,
        password_hash=None,
        role=role,
        verified=verified,
        choose=secrets.choice,
        now=NOON,
    )


def test_an_account_is_stored_with_both_of_its_keys_and_a_link():
    with write_transaction() as session:
        user_id = create(session).id
    user = db.session.scalars(select(User)).one()
    assert user.id == user_id
    assert (user.email, user.email_key) == ("Bob.Miller@Gmail.com", "bob.miller@gmail.com")
    assert user.mailbox_key == "bobmiller@gmail.com"
    assert (user.role, user.created_at, user.email_verified_at) == ("marketer", NOON, NOON)
    assert user.referred_by is None
    link = db.session.scalars(select(Link)).one()
    assert (link.referrer_id, link.program_id, link.retired_at) == (user.id, user.program_id, None)


def test_an_account_that_was_not_verified_is_stored_so():
    with write_transaction() as session:
        create(session, verified=False)
    assert db.session.scalars(select(User)).one().email_verified_at is None


@pytest.mark.parametrize("spelling", ["bob.miller@gmail.com", "BOB.MILLER@GMAIL.COM", "ｂob.miller@gmail.com"])
def test_a_taken_address_is_refused_in_any_spelling_and_its_owner_named_to_the_caller(spelling):
    with write_transaction() as session:
        owner_id = create(session).id
    with pytest.raises(EmailTakenError) as refused, write_transaction() as session:
        create(session, email=spelling)
    assert refused.value.user.id == owner_id
    assert spelling not in str(refused.value)
    assert len(db.session.scalars(select(User)).all()) == len(db.session.scalars(select(Link)).all()) == 1


def test_another_address_of_the_same_mailbox_may_have_an_account():
    with write_transaction() as session:
        create(session)
        create(session, email="bobmiller+2@gmail.com")
    assert [user.mailbox_key for user in db.session.scalars(select(User))] == ["bobmiller@gmail.com"] * 2


def test_who_took_the_address_between_question_and_insert_is_found(monkeypatch):
    with write_transaction() as session:
        owner_id = create(session).id
    answers = [None]
    ask = people.find_by_email
    monkeypatch.setattr(people, "find_by_email", lambda *args: answers.pop() if answers else ask(*args))
    with pytest.raises(EmailTakenError) as refused, write_transaction() as session:
        create(session)
    assert refused.value.user.id == owner_id


def test_another_fault_of_the_database_is_not_called_a_taken_address():
    with pytest.raises(Exception, match="ck_users_role"), write_transaction() as session:
        create(session, role="owner")
    assert db.session.scalars(select(User)).all() == []


def test_an_account_for_somebody_else_is_kept_in_the_audit_log_without_a_name():
    with write_transaction() as session:
        marta_id = factories.person(session, role="admin").id
        bob = open_account(
            session,
            factories.program(session),
            name="Bob Miller",
            email="bob@example.org",
            password_hash=None,
            role="marketer",
            verified=False,
            choose=secrets.choice,
            by=marta_id,
            now=NOON,
        )
        bob_id = bob.id
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.subject_id) == ("person_created", "user", bob_id)
    assert (entry.actor_id, entry.details) == (marta_id, {"role": "marketer"})


def test_what_people_settle_about_themselves_is_kept():
    with write_transaction() as session:
        ada = factories.person(session)
        change_profile(session, ada, name="Adaeze", language="de")
        ada_id = ada.id
    stored = db.session.get_one(User, ada_id)
    assert (stored.name, stored.language) == ("Adaeze", "de")
    with write_transaction() as session:
        change_profile(session, session.get_one(User, ada_id), name="Ada", language=None)
    stored = db.session.get_one(User, ada_id)
    assert (stored.name, stored.language) == ("Ada", None)
