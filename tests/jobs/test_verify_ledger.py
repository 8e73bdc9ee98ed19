"""The daily check of the books: found, kept, told to whoever watches, and to admins."""

import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from tests import factories, money
from tests.conftest import browser
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs import SCHEDULE
from webapp.jobs.runner import run_jobs
from webapp.jobs.verify_ledger import is_due, verify_ledger
from webapp.models import Program, Reward
from webapp.queries.last_times import LEDGER_VERIFIED, last_time

NOON = factories.NOON
# Ten at night where the program is, and three in the morning of the day after.
EVENING, NIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_it_is_due_at_night_or_when_that_was_missed(in_app):
    with write_transaction() as session:
        session.execute(update(Program).values(time_zone="America/New_York"))
    assert is_due(EVENING), "nobody knows yet"
    verify_ledger(EVENING - timedelta(hours=25))
    assert not is_due(EVENING)
    assert is_due(NIGHT)
    assert is_due(EVENING + timedelta(hours=11))
    verify_ledger(NIGHT)
    assert not is_due(NIGHT + timedelta(minutes=10))
    verify_ledger(NIGHT + timedelta(days=400))
    assert is_due(NIGHT), "the clock was wrong then"


def test_a_breach_is_kept_and_told_to_admins_and_in_the_log_until_it_is_gone(app):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        money.buy(session, money.ada_and_bob(session)[1])
        factories.person(session, email="jo@example.com", role="admin", password=factories.PASSWORD)
    admin = browser(app)
    factories.sign_in(admin, "jo@example.com")
    for status, found in (("approved", 2), ("pending", 0)):
        with app.app_context(), capture_logs() as logged:
            with write_transaction() as session:
                session.execute(update(Reward).values(status=status))
            assert verify_ledger(NOON) == found
            assert last_time(db.session(), LEDGER_VERIFIED).found == found
        assert [line["breaches"] for line in logged if line["event"] == "ledger_breached"] == [found] * (found > 0)
        page = admin.get("/admin").get_data(as_text=True)
        assert ("The books do not agree in 2 places" in page) is (found > 0)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_runner_runs_it_beside_the_others(in_app, monkeypatch):
    """Mail leaves and the lease is renewed, however long the books take."""
    began, stop, others = threading.Event(), threading.Event(), []

    def takes_long(_session):
        began.set()
        stop.wait(20)
        yield "a breach"

    def other(_now):
        others.append(began.wait(20))
        stop.set()
        return 0

    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules["webapp.jobs.verify_ledger"], "breaches", takes_long)
    jobs = [job for job in SCHEDULE if job.beside]
    assert [job.name for job in jobs] == ["verify-ledger"]
    monkeypatch.setattr("webapp.jobs.runner.SCHEDULE", [*jobs, type(jobs[0])("other", other, timedelta(hours=1))])
    run_jobs(stop)
    assert others == [True]
