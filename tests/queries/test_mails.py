"""The mails to one person, and what became of them."""

from datetime import timedelta

import pytest

from tests.factories import NOON, other_program, person
from webapp.database import write_transaction
from webapp.domain.mail_kinds import UNSENT
from webapp.extensions import db
from webapp.ids import new_id
from webapp.queries.mails import list_mails
from webapp.queries.paging import UnknownCursorError
from webapp.services.outbox import TRIES, claim_mail, drop_mail, mark_failed, mark_sent, queue_mail

pytestmark = pytest.mark.usefixtures("in_app")
MINUTE = timedelta(minutes=1)


def test_a_mail_is_sent_or_waits_or_was_given_up_for_a_reason():
    with write_transaction() as session:
        ada = person(session)
        ids = [queue_mail(session, ada, "invitation", dedupe_key=str(n), now=NOON + n * MINUTE) for n in range(7)]
        mark_sent(session, ids[0], NOON)
        claim_mail(session, ids[1], NOON + MINUTE)
        mark_failed(session, ids[1], NOON + MINUTE, jitter=lambda: 0.0)
        for mail_id, because in zip(ids[2:6], UNSENT, strict=True):
            drop_mail(session, mail_id, NOON, because=because)
    rows, _more = list_mails(db.session(), ada.id)
    assert [row.state for row in reversed(rows)] == ["sent", "retrying", *UNSENT, "waiting"]
    assert [row.tries for row in reversed(rows)][:2] == [0, 1]
    assert TRIES == 10


def test_pages_follow_each_other_and_hold_nobody_else_s():
    with write_transaction() as session:
        ada, bob = person(session), person(session)
        bob.program_id = other_program(session).id
        # Three of them in one moment.
        own = [queue_mail(session, ada, "invitation", dedupe_key=str(n), now=NOON + n // 3 * MINUTE) for n in range(5)]
        other = queue_mail(session, bob, "invitation", dedupe_key="other", now=NOON)
    found, before = [], None
    while True:
        rows, before = list_mails(db.session(), ada.id, before=before, limit=2)
        found += [row.id for row in rows]
        if before is None:
            break
    assert sorted(found) == sorted(own)
    assert len(found) == len(set(found))
    for cursor in (other, new_id()):
        with pytest.raises(UnknownCursorError):
            list_mails(db.session(), ada.id, before=cursor)
