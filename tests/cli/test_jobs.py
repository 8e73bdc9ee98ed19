"""`jobs once`: one job now, or as of a given moment."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs import SCHEDULE
from webapp.models import OutboxMail, UserSession
from webapp.services.outbox import queue_mail
from webapp.services.sessions import LIFETIME, start_session


@pytest.fixture
def once(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["jobs", "once", *arguments])


@pytest.fixture
def ada(app):
    """Ada, signed in at noon and with a mail that waits since."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session)
        start_session(session, ada, "secret", NOON)
        queue_mail(session, ada, "address_already_used", dedupe_key="one", now=NOON)


@pytest.mark.parametrize("name", [job.name for job in SCHEDULE])
def test_every_job_of_the_schedule_runs_on_an_empty_database(once, name):
    result = once(name)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{name}: 0\n"


def test_a_job_runs_as_of_a_given_moment(app, once, ada):
    over = NOON + LIFETIME
    assert once("forget-sessions", "--now", over.isoformat()).stdout == "forget-sessions: 0\n"
    later = (over + timedelta(seconds=1)).isoformat()
    assert once("forget-sessions", "--now", later).stdout == "forget-sessions: 1\n"
    with app.app_context():
        assert db.session.scalars(select(UserSession)).all() == []


def test_a_moment_has_its_own_offset_and_is_utc_without_one(app, once, ada, tmp_path):
    assert once("deliver-mail", "--now", "2026-11-22T13:59:59+02:00").stdout == "deliver-mail: 0\n"
    assert once("deliver-mail", "--now", "2026-11-22T11:59:59").stdout == "deliver-mail: 0\n"
    assert once("deliver-mail", "--now", "2026-11-22T12:00:00").stdout == "deliver-mail: 1\n"
    assert len(list((tmp_path / "mail").iterdir())) == 1
    with app.app_context():
        assert db.session.scalars(select(OutboxMail)).one().sent_at is not None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such-job"], "'no-such-job' is not one of"),
        (["deliver-mail", "--now", "tomorrow"], "must be ISO 8601, as in 2026-05-03T12:00:00+00:00"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(once, ada, tmp_path, arguments, sentence):
    result = once(*arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert not (tmp_path / "mail").exists()
