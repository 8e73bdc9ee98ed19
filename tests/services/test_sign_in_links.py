"""One-time links from the business's own site."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.forget_sessions import forget_sessions
from webapp.models import Link, SignInLink, User
from webapp.services.sign_in_links import LIFETIME, create_sign_in_link, use_sign_in_link

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def linked(*tokens, now=NOON):
    """Ada, and links for her. Returns her id."""
    with write_transaction() as session:
        ada = factories.person(session)
        for token in tokens:
            create_sign_in_link(session, ada, token, now)
        return ada.id


def use(token, now=NOON):
    with write_transaction() as session:
        user = use_sign_in_link(session, token, now)
        return user.id if user else None


def test_a_link_signs_in_once():
    ada_id = linked("secret")
    assert use("secret", NOON + INSTANT) == ada_id
    assert use("secret", NOON + 2 * INSTANT) is None
    assert db.session.scalars(select(SignInLink.used_at)).one() == NOON + INSTANT


def test_a_link_lives_for_five_minutes():
    assert timedelta(minutes=5) == LIFETIME
    ada_id = linked("one", "two")
    assert use("two", NOON + LIFETIME) is None
    assert use("one", NOON + LIFETIME - INSTANT) == ada_id


def test_the_table_holds_no_token():
    linked("secret")
    row = db.session.scalars(select(SignInLink)).one()
    assert len(row.token_hash) == 64
    assert "secret" not in row.token_hash
    assert use(row.token_hash) is None, "the stored hash is no token"


@pytest.mark.parametrize("token", ["Secret", "secret ", "", "x\x00y"])
def test_another_token_signs_nobody_in_and_uses_nothing_up(token):
    ada_id = linked("secret")
    assert use(token) is None
    assert use("secret") == ada_id


def test_each_link_is_used_up_by_itself():
    ada_id = linked("one", "two")
    assert (use("one"), use("two")) == (ada_id, ada_id)


@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_whoever_is_a_referrer_no_more_is_not_signed_in(role):
    ada_id = linked("secret")
    with write_transaction() as session:
        session.get_one(User, ada_id).role = role
    assert use("secret") is None


def test_a_link_used_many_times_at_once_signs_in_once(app):
    ada_id = linked("secret")
    db.session.rollback()
    answers = at_once(app, [lambda: use("secret")] * 6)
    assert sorted(answers, key=str) == sorted([ada_id, *[None] * 5], key=str)


def test_a_link_goes_with_its_person():
    ada_id = linked("secret")
    with write_transaction() as session:
        session.execute(delete(Link).where(Link.referrer_id == ada_id))
        session.execute(delete(User).where(User.id == ada_id))
    assert db.session.scalars(select(SignInLink)).all() == []


def test_links_that_ran_out_a_day_ago_are_forgotten():
    linked("old")
    linked("young", now=NOON + timedelta(hours=1))
    over = NOON + LIFETIME + timedelta(days=1)
    assert forget_sessions(over) == 0
    assert forget_sessions(over + INSTANT) == 1
    assert db.session.scalars(select(SignInLink.created_at)).all() == [NOON + timedelta(hours=1)]
