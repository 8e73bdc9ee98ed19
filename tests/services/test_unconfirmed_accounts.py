"""Anybody can open an account with somebody else's address: what is reported of the address does not become theirs."""

import secrets

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import OutboxMail, User
from webapp.services.email_addresses import UnconfirmedAddressError, ask_to_change_email, change_email
from webapp.services.reported_signups import SignupReport, report_signup
from webapp.services.reward_steps import SYSTEM
from webapp.services.signups import CameBy, sign_up

pytestmark = pytest.mark.usefixtures("in_app")

VICTIM = "vera@example.org"


@pytest.fixture
def opened(in_app):
    """Somebody opens an account with Vera's address and never sees her mail."""
    with write_transaction() as session:
        who = {"name": "Not Vera", "email": VICTIM, "password_hash": "a hash", "came_by": CameBy()}
        return sign_up(session, factories.program(session), **who, choose=secrets.choice, now=NOON).user.id


def report(session, *, email=VICTIM):
    signup = SignupReport("cus_vera", email, "Vera Lind", NOON)
    how = {"came_by": CameBy(), "choose": secrets.choice, "actor": SYSTEM, "now": NOON}
    return report_signup(session, factories.program(session), signup, **how)


def ask(session, user_id, token="token"):
    how = {"link_id": new_id(), "token": token, "now": NOON}
    ask_to_change_email(session, session.get_one(User, user_id), "mine@example.net", **how)


def mailed(template="account_reported"):
    return len(db.session.scalars(select(OutboxMail.id).where(OutboxMail.template == template)).all())


def confirm(user_id):
    with write_transaction() as session:
        session.get_one(User, user_id).email_verified_at = NOON


def test_the_owner_is_asked_whose_account_it_is_when_the_business_reports_them(opened):
    with write_transaction() as session:
        assert report(session).user.id == opened
    assert mailed() == 1


def test_nobody_is_asked_who_confirmed_it_or_whose_account_nobody_can_sign_in_to(opened):
    confirm(opened)
    with write_transaction() as session:
        report(session)
        signup = SignupReport("cus_1", "bob@example.org", "Bob Miller", NOON)
        how = {"came_by": CameBy(), "choose": secrets.choice, "actor": SYSTEM, "now": NOON}
        factories.join(session, CameBy())
        report_signup(session, factories.program(session), signup, **how)
    assert mailed() == 0


@pytest.mark.parametrize("told", ["a signup", "an order"])
def test_what_was_reported_does_not_leave_with_another_address(opened, told):
    with write_transaction() as session:
        if told == "a signup":
            report(session)
        else:
            money.buy(session, session.get_one(User, opened))
    with pytest.raises(UnconfirmedAddressError), write_transaction() as session:
        ask(session, opened)
    assert mailed("change_email") == 0
    confirm(opened)
    with write_transaction() as session:
        ask(session, opened)


@pytest.mark.parametrize("told", ["a signup", "an order"])
def test_nor_with_a_link_that_was_asked_for_before(opened, told):
    with write_transaction() as session:
        ask(session, opened)
    with write_transaction() as session:
        if told == "a signup":
            report(session)
        else:
            money.buy(session, session.get_one(User, opened))
    with write_transaction() as session:
        assert change_email(session, "token", NOON) is None
    assert db.session.get_one(User, opened).email == VICTIM
