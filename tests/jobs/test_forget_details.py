"""What was told beside old orders is forgotten; their first answers stay, and the books."""

import secrets

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.erasures import Business
from tests.factories import NOON
from tests.money import DAY
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.jobs.forget_details import forget_old_details
from webapp.jobs.forget_sessions import forget_sessions
from webapp.models import ApiAnswer, Conversion, MailedLink, PasswordRequest, Program
from webapp.services.keys import create_key
from webapp.services.mailed_links import mail_link

PURCHASE = {
    "event_id": "evt_1",
    "type": "purchase",
    "user": {"external_id": "cus_1"},
    "amount": 5000,
    "currency": "USD",
    "metadata": {"gift_for": "Aunt May"},
}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_details_go_when_the_program_says_so_and_the_first_answer_stays(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret="gvk_shop", now=NOON)
    shop = Business(app, "gvk_shop")
    first = shop.post("/conversions", PURCHASE)
    with app.app_context():
        assert forget_old_details(NOON + 400 * DAY) == 0
        with write_transaction() as session:
            session.execute(update(Program).values(keep_metadata_days=30))
            plain = session.scalars(select(ApiAnswer.content_hash)).one()
        assert forget_old_details(NOON + 30 * DAY) == 0
        assert forget_old_details(NOON + 31 * DAY) == 1
        assert forget_old_details(NOON + 31 * DAY) == 0
        assert db.session.scalars(select(Conversion.details)).one() is None
        assert db.session.scalars(select(ApiAnswer.content_hash)).one() != plain
    again = shop.post("/conversions", PURCHASE)
    assert (again.status_code, again.get_data()) == (200, first.get_data())
    assert shop.post("/conversions", {**PURCHASE, "metadata": {"gift_for": "Ben"}}).status_code == 409


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_links_that_ran_out_and_requests_nobody_looked_at_go(in_app):
    with write_transaction() as session:
        ada = factories.person(session)
        token = secrets.token_urlsafe()
        mail_link(session, ada, "verify_email", link_id=new_id(), token=token, now=NOON)
        asked = {"program_id": factories.program(session).id, "email_key": "nobody@example.org"}
        session.add(PasswordRequest(requested_at=NOON, **asked))
    assert forget_sessions(NOON + DAY) == 0
    assert forget_sessions(NOON + 2 * DAY) == 1
    assert db.session.scalars(select(PasswordRequest)).all() == []
    assert forget_sessions(NOON + 11 * DAY) == 1
    assert db.session.scalars(select(MailedLink)).all() == []
