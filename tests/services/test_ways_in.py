"""Letting people back into their accounts: the former way in is worth nothing, and no admin opens another's."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, PASSWORD
from webapp.database import write_transaction
from webapp.domain.mailbox import mailbox_key
from webapp.domain.recovery_codes import draw_codes
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AuditEntry, FormerMailbox, MailedLink, OutboxMail, User
from webapp.queries.people import find_by_session
from webapp.services.email_addresses import ask_to_change_email
from webapp.services.invitations import accept, invite
from webapp.services.people import EmailTakenError
from webapp.services.roles import NoLongerAdminError
from webapp.services.second_factor import turn_on
from webapp.services.sessions import start_session, token_hash
from webapp.services.ways_in import NoWayInError, end_second_factor, give_address

pytestmark = pytest.mark.usefixtures("in_app")

OLD, NEW = "bob@example.org", "bob@new.example"


@pytest.fixture
def marta():
    return somebody("Marta Voss", role="admin")


@pytest.fixture
def bob():
    """Bob, signed in, with a second factor, and another address that he, or a thief, has asked for."""
    bob = somebody("Bob Miller", email=OLD)
    with write_transaction() as session:
        user = session.get_one(User, bob)
        turn_on(session, user, seed=b"seed", step=100, codes=draw_codes(secrets.choice), now=NOON)
        start_session(session, user, "browser", NOON)
        about = {"link_id": new_id(), "token": "asked", "now": NOON}
        ask_to_change_email(session, user, "thief@example.net", **about)
    return bob


def somebody(name, *, email=None, role="referrer"):
    with write_transaction() as session:
        return factories.person(session, name=name, email=email, role=role, password=PASSWORD).id


def give(user_id, by, *, email=NEW, token="given"):
    with write_transaction() as session:
        user = session.get_one(User, user_id)
        give_address(session, user, email, link_id=new_id(), token=token, by=by, now=NOON)


def person(user_id):
    db.session.rollback()
    return db.session.get(User, user_id)


def last_act():
    db.session.rollback()
    row = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1)).one()
    return row.action, row.subject_id, row.actor_id


def mails(template):
    return db.session.scalars(select(OutboxMail.email).where(OutboxMail.template == template)).all()


@pytest.mark.parametrize("by_command_line", [False, True])
def test_an_account_goes_to_another_mailbox_and_is_open_to_nobody_until_it_answers(marta, bob, by_command_line):
    by = None if by_command_line else marta
    give(bob, by)
    assert last_act() == ("address_given", bob, by)
    moved = person(bob)
    assert (moved.email, moved.mailbox_key) == (NEW, mailbox_key(NEW))
    assert (moved.password_hash, moved.email_verified_at) == (None, None)
    # Lost is what he signs in with by mail; the app is still his.
    assert moved.second_factor_since == NOON
    assert find_by_session(db.session(), token_hash("browser"), NOON) is None
    good = select(MailedLink.purpose, MailedLink.email).where(MailedLink.ended_at.is_(None))
    assert [tuple(row) for row in db.session.execute(good)] == [("invitation", NEW)]
    assert mails("email_changed") == [OLD]
    # He cannot come as his own friend by the mailbox of before.
    assert db.session.scalars(select(FormerMailbox.mailbox_key)).all() == [mailbox_key(OLD)]
    db.session.rollback()
    with write_transaction() as session:
        assert accept(session, "given", "a hash", NOON + timedelta(days=6)).id == bob
    assert person(bob).email_verified_at == NOON + timedelta(days=6)


def test_an_invitation_that_went_astray_goes_to_the_right_address_and_tells_nobody_else(marta):
    with write_transaction() as session:
        about = {"name": "Jo Winter", "email": "jo@wnter.example", "role": "admin", "link_id": new_id()}
        program, choose = factories.program(session), secrets.choice
        jo = invite(session, program, **about, token="astray", choose=choose, by=marta, now=NOON).id
    give(jo, marta, email="jo@winter.example")
    db.session.rollback()
    assert (mails("email_changed"), db.session.scalars(select(FormerMailbox)).all()) == ([], [])
    with write_transaction() as session:
        assert accept(session, "astray", "a hash", NOON) is None
        assert accept(session, "given", "a hash", NOON).id == jo


def test_an_address_that_somebody_has_is_given_to_nobody_else(marta, bob):
    with pytest.raises(EmailTakenError):
        give(bob, marta, email=person(marta).email)
    kept = person(bob)
    assert (kept.email, kept.password_hash is None, mails("email_changed")) == (OLD, False, [])


def test_nobody_opens_the_account_of_an_admin_nor_does_who_is_none_any_more(marta, bob):
    eve = somebody("Eve", role="admin")
    with pytest.raises(NoWayInError):
        give(eve, marta)
    for act in (lambda: give(bob, bob), lambda: end(bob, by=bob)):
        with pytest.raises(NoLongerAdminError):
            act()
    assert (person(eve).email == NEW, person(bob).email, person(bob).second_factor_since) == (False, OLD, NOON)
    # Whoever runs the server can.
    give(eve, None)
    assert person(eve).email == NEW


def test_the_second_factor_of_somebody_who_lost_it_ends_but_not_that_of_an_admin(marta, bob):
    assert [end(bob, by=marta), end(bob, by=marta)] == [True, False]
    assert (person(bob).second_factor_since, last_act()) == (None, ("second_factor_off", bob, marta))
    with pytest.raises(NoWayInError):
        end(marta, by=somebody("Eve", role="admin"))


def end(user_id, *, by):
    with write_transaction() as session:
        return end_second_factor(session, session.get_one(User, user_id), by=by, now=NOON)
