"""Mails are forgotten half a year after they ended."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON, person
from tests.money import DAY
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.forget_mails import forget_mails
from webapp.mailed_links import draw_link
from webapp.models import MailedLink, OutboxMail
from webapp.services import forgotten_mails
from webapp.services.forgotten_mails import KEPT, STALE
from webapp.services.mailed_links import mail_link
from webapp.services.outbox import drop_mail, mark_sent, queue_mail

pytestmark = pytest.mark.usefixtures("in_app")
INSTANT = timedelta(microseconds=1)


def kept():
    db.session.rollback()
    return db.session.scalars(select(OutboxMail.dedupe_key).order_by(OutboxMail.id)).all()


def test_what_ended_long_ago_goes_and_what_waits_stays(monkeypatch):
    monkeypatch.setattr(forgotten_mails.forget_some_mails, "__kwdefaults__", {"limit": 2})
    with write_transaction() as session:
        ada = person(session, email="ada@example.com")
        ids = [
            queue_mail(session, ada, "friends_joined", dedupe_key=str(n), email="x@y.org", now=NOON) for n in range(5)
        ]
        for mail_id in ids[:3]:
            mark_sent(session, mail_id, NOON)
        drop_mail(session, ids[3], NOON + DAY, because="refused")
    assert forget_mails(NOON + KEPT) == 0
    assert kept() == list("01234")
    assert forget_mails(NOON + KEPT + INSTANT) == 3
    assert kept() == ["3", "4"]
    # The same cause is another one after so long.
    with write_transaction() as session:
        assert queue_mail(session, session.merge(ada), "friends_joined", dedupe_key="0", now=NOON + KEPT)


def test_what_has_waited_for_a_week_is_given_up():
    with write_transaction() as session:
        queue_mail(session, person(session), "friends_joined", dedupe_key="old", email="x@y.org", now=NOON)
    forget_mails(NOON + STALE)
    assert db.session.scalars(select(OutboxMail)).one().ended_at is None
    forget_mails(NOON + STALE + INSTANT)
    db.session.rollback()
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.ended_at, mail.sent_at, mail.email, mail.unsent_because) == (
        NOON + STALE + INSTANT,
        None,
        None,
        "tries",
    )


def test_a_link_outlives_the_mail_that_carried_it():
    with write_transaction() as session:
        link_id, token = draw_link("invitation")
        link = mail_link(session, person(session), "invitation", link_id=link_id, token=token, now=NOON)
        mark_sent(session, link.mail_id, NOON)
    assert forget_mails(NOON + KEPT + INSTANT) == 1
    db.session.rollback()
    assert db.session.scalars(select(MailedLink)).one().mail_id is None
