"""Mail that waits to be sent."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import OutboxMail
from webapp.services.outbox import CLAIM, RETRY_AFTER, claim_mail, due_mails, mark_failed, mark_sent, queue_mail

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def queue(*keys, now=NOON):
    """Queue a mail for each key. Returns the ids that are due, oldest first."""
    with write_transaction() as session:
        ada = factories.person(session)
        for number, key in enumerate(keys):
            queue_mail(session, ada, "welcome", dedupe_key=key, now=now + number * INSTANT)
    return due(now + len(keys) * INSTANT)


def due(now=NOON, limit=50):
    found = due_mails(db.session(), now, limit=limit)
    db.session.rollback()
    return found


def claim(mail_id, now=NOON):
    with write_transaction() as session:
        return claim_mail(session, mail_id, now)


def fail(mail_id, now=NOON, jitter=lambda: 0.0):
    with write_transaction() as session:
        return mark_failed(session, mail_id, now, jitter=jitter)


def stored():
    db.session.rollback()
    return db.session.scalars(select(OutboxMail)).one()


def test_a_mail_waits_from_the_moment_it_was_queued():
    (mail_id,) = queue("one")
    mail = stored()
    assert (mail.id, mail.template, mail.tries, mail.due_at, mail.ended_at) == (mail_id, "welcome", 0, NOON, None)
    assert due(NOON - INSTANT) == []
    assert due(NOON) == [mail_id]


def test_one_cause_makes_one_mail_however_often_it_repeats():
    queue("signup:1", "signup:1")
    queue("signup:1", now=NOON + timedelta(days=1))
    assert stored().created_at == NOON


def test_a_mail_that_was_sent_is_not_made_again_by_its_cause():
    (mail_id,) = queue("signup:1")
    claim(mail_id)
    with write_transaction() as session:
        mark_sent(session, mail_id, NOON)
    assert queue("signup:1") == []


def test_the_longest_waiting_comes_first():
    first, second, third = queue("one", "two", "three")
    assert due(NOON + timedelta(hours=1), limit=2) == [first, second]
    claim(first, NOON + INSTANT)
    assert due(NOON + timedelta(seconds=1)) == [second, third]


def test_what_can_be_turned_off_comes_after_what_people_wait_for():
    with write_transaction() as session:
        ada = factories.person(session)
        kinds = ("friends_joined", "reset_password", "rewards_ready", "verify_email")
        ids = {
            kind: queue_mail(session, ada, kind, dedupe_key=kind, now=NOON + number * INSTANT)
            for number, kind in enumerate(kinds)
        }
    order = ("reset_password", "verify_email", "friends_joined", "rewards_ready")
    assert due(NOON + timedelta(minutes=1)) == [ids[kind] for kind in order]


def test_what_somebody_turned_off_is_not_even_queued_unless_it_has_to_come():
    with write_transaction() as session:
        ada = factories.person(session)
        ada.muted_mails = {"friends_joined": True, "reset_password": True, "rewards_ready": False}
        queued = {kind: queue_mail(session, ada, kind, dedupe_key=kind, now=NOON) for kind in ada.muted_mails}
    assert [kind for kind, mail_id in queued.items() if mail_id] == ["reset_password", "rewards_ready"]


def test_a_mail_is_claimed_once():
    (mail_id,) = queue("one")
    assert claim(mail_id)
    assert not claim(mail_id)
    assert due() == []
    assert (stored().tries, stored().due_at) == (1, NOON + CLAIM)


def test_the_claim_of_a_process_that_died_runs_out():
    (mail_id,) = queue("one")
    claim(mail_id)
    assert not claim(mail_id, NOON + CLAIM - INSTANT)
    assert claim(mail_id, NOON + CLAIM)
    assert stored().tries == 2


def test_a_sent_mail_is_over():
    (mail_id,) = queue("one")
    claim(mail_id)
    with write_transaction() as session:
        mark_sent(session, mail_id, NOON + INSTANT)
    assert (stored().sent_at, stored().ended_at) == (NOON + INSTANT, NOON + INSTANT)
    assert due(NOON + timedelta(days=400)) == []
    assert not claim(mail_id, NOON + timedelta(days=400))


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 1.0), (0.5, 1.1), (1.0, 1.2)])
def test_a_failed_mail_waits_at_most_a_fifth_longer(jitter, factor):
    (mail_id,) = queue("one")
    claim(mail_id)
    assert fail(mail_id, jitter=lambda: jitter)
    assert stored().due_at == NOON + RETRY_AFTER[0] * factor


def test_a_mail_that_never_leaves_is_tried_for_three_days_and_given_up():
    (mail_id,) = queue("one")
    now = NOON
    for wait in RETRY_AFTER:
        assert claim(mail_id, now)
        assert fail(mail_id, now)
        assert not claim(mail_id, now + wait - INSTANT)
        now += wait
    assert timedelta(hours=70) < now - NOON < timedelta(hours=73)
    assert claim(mail_id, now)
    assert not fail(mail_id, now)
    mail = stored()
    assert (mail.sent_at, mail.ended_at, mail.tries) == (None, now, len(RETRY_AFTER) + 1)
    assert mail.unsent_because == "tries"
    assert due(now + timedelta(days=400)) == []


@pytest.mark.slow
def test_of_four_at_once_exactly_one_claims_a_mail(app):
    mails = queue(*map(str, range(5)))
    for mail_id in mails:
        taken = at_once(app, [lambda mail_id=mail_id: claim(mail_id, NOON + timedelta(seconds=1))] * 4)
        assert sorted(taken) == [False, False, False, True]


@pytest.mark.slow
def test_one_cause_at_the_same_moment_makes_one_mail(app):
    with write_transaction() as session:
        ada_id = factories.person(session).id
    db.session.rollback()

    def queue_it():
        with write_transaction() as session:
            queue_mail(session, session.get_one(factories.User, ada_id), "welcome", dedupe_key="x", now=NOON)

    assert at_once(app, [queue_it] * 4) == [None] * 4
    assert stored().dedupe_key == "x"
