"""Links that go to people by mail are good once, for a while, for one purpose and for one address."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import MailedLink, OutboxMail, User
from webapp.services.mailed_links import LIFETIMES, find_link, forget_old_links, mail_link, use_link

pytestmark = pytest.mark.usefixtures("in_app")


def mail(purpose="verify_email", token="secret", *, user_id=None, email=None, now=NOON):
    """Returns whose link it is."""
    with write_transaction() as session:
        user = session.get_one(User, user_id) if user_id else factories.person(session, email="ada@example.com")
        mail_link(session, user, purpose, link_id=new_id(), token=token, email=email, now=now)
        return user.id


def found(purpose="verify_email", token="secret", now=NOON):
    link = find_link(db.session(), purpose, token, now)
    db.session.rollback()
    return link is not None


def use(purpose="verify_email", token="secret", now=NOON):
    with write_transaction() as session:
        return use_link(session, purpose, token, now) is not None


def test_a_link_is_good_once_and_looking_does_not_use_it_up():
    mail()
    assert [found(), found(), use(), use(), found()] == [True, True, True, False, False]


@pytest.mark.parametrize("purpose", LIFETIMES)
def test_a_link_is_good_for_its_time(purpose):
    mail(purpose)
    over = NOON + LIFETIMES[purpose]
    assert found(purpose, now=over - timedelta(seconds=1))
    assert not found(purpose, now=over)
    assert not use(purpose, now=over)


def test_a_link_is_good_for_nothing_else():
    mail("verify_email")
    assert not use("reset_password")
    assert not use("verify_email", token="Secret")
    assert use("verify_email")


def test_a_newer_link_replaces_the_one_before_it():
    ada = mail(token="first")
    mail(token="second", user_id=ada)
    assert [found(token="first"), found(token="second")] == [False, True]


def test_a_link_is_worth_nothing_once_the_person_has_another_address():
    ada = mail("reset_password")
    with write_transaction() as session:
        user = session.get_one(User, ada)
        user.email, user.email_key = "ada@example.org", "ada@example.org"
    assert not use("reset_password")


def test_a_link_is_worth_nothing_once_its_person_was_erased():
    ada = mail("reset_password")
    with write_transaction() as session:
        session.get_one(User, ada).erased_at = NOON
    assert not use("reset_password")


def test_a_link_to_a_new_address_goes_there():
    mail("change_email", email="ada@example.org")
    db.session.rollback()
    row = db.session.scalars(select(OutboxMail)).one()
    link = db.session.scalars(select(MailedLink)).one()
    assert (row.email, row.template, link.email, link.mail_id) == (
        *("ada@example.org", "change_email", "ada@example.org"),
        row.id,
    )
    assert use("change_email")


def test_of_several_who_use_a_link_at_once_one_does(in_app):
    mail()
    assert sorted(at_once(in_app, [use] * 4)) == [False, False, False, True]


def test_old_links_are_forgotten():
    mail()
    over = NOON + LIFETIMES["verify_email"]
    for now, left in ((over + timedelta(days=6), 1), (over + timedelta(days=8), 0)):
        with write_transaction() as session:
            forget_old_links(session, now)
        assert len(db.session.scalars(select(MailedLink)).all()) == left
        db.session.rollback()
