"""The program in which the whole way is tried."""

import secrets

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.domain.mailbox import is_sandbox_address
from webapp.domain.screening import SUSPECTS_NOBODY
from webapp.extensions import db
from webapp.models import ApiKey, AuditEntry, OutboxMail, Program, RewardRuleVersion, User
from webapp.queries.keys import find_live_key
from webapp.queries.links import find_link_to_follow, find_live_link
from webapp.queries.programs import find_program
from webapp.services.keys import key_hash
from webapp.services.outbox import queue_mail
from webapp.services.sandbox import SLUG, close_sandbox, open_sandbox

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def marta():
    with write_transaction() as session:
        return factories.person(session, name="Marta Voss", role="admin").id


def opened(marta, secret):
    with write_transaction() as session:
        return open_sandbox(session, secret=secret, choose=secrets.choice, by=marta, now=NOON)


def count(model, *conditions):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_it_is_made_once_and_each_try_has_a_key_of_its_own_that_ends_with_it(marta):
    first = opened(marta, "gvk_one")
    second = opened(marta, "gvk_two")
    assert (first.program_id, first.code) == (second.program_id, second.code)
    assert count(Program) == 2
    # Whoever tries it does everything at once, and is no suspect for that.
    assert find_program(db.session(), SLUG).signals == SUSPECTS_NOBODY
    assert count(User, User.program_id == first.program_id) == count(RewardRuleVersion) == 1
    # The first try was cut short.
    assert find_live_key(db.session(), key_hash("gvk_one")) is None
    assert find_live_key(db.session(), key_hash("gvk_two")).program_id == first.program_id
    with write_transaction() as session:
        close_sandbox(session, second, by=marta, now=NOON)
    assert count(ApiKey, ApiKey.revoked_at.is_(None)) == 0


def test_its_link_is_followed_and_belongs_to_no_sign_up_here(marta):
    sandbox = opened(marta, "gvk_one")
    session = db.session()
    assert find_link_to_follow(session, sandbox.code.lower()).program_id == sandbox.program_id
    assert find_live_link(session, factories.program(session).id, sandbox.code) is None


def test_nothing_of_it_stands_in_the_log_of_the_real_program(marta):
    sandbox = opened(marta, "gvk_one")
    programs = set(db.session.scalars(select(AuditEntry.program_id)))
    assert programs == {sandbox.program_id}
    assert find_program(db.session(), SLUG).id == sandbox.program_id


def test_no_mail_is_queued_for_its_people(marta):
    sandbox = opened(marta, "gvk_one")
    with write_transaction() as session:
        one = session.scalars(select(User).where(User.program_id == sandbox.program_id)).one()
        assert is_sandbox_address(one.email)
        queue_mail(session, one, "address_already_used", dedupe_key="x", now=NOON)
        queue_mail(session, session.get_one(User, marta), "address_already_used", dedupe_key="y", now=NOON)
    assert count(OutboxMail) == 1
