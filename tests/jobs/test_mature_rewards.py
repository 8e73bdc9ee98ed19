"""Rewards whose hold period is over are approved."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs import SCHEDULE, mature_rewards
from webapp.jobs.mature_rewards import mature_due_rewards
from webapp.models import Conversion, Reward, RewardEvent
from webapp.queries.ledger import breaches
from webapp.services.rewards import mature_rewards as mature_some

INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def statuses():
    db.session.rollback()
    return dict(db.session.execute(select(Conversion.event_id, Reward.status).join(Reward)).all())


def granted(count, *, on=NOON):
    """As many rewards of Ada's, which all mature 30 days after one moment."""
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        return {
            f"evt_{number}": buy(session, bob, event_id=f"evt_{number}", at=on).rewards[0].id for number in range(count)
        }


def test_nothing_due_is_nothing_done():
    assert mature_due_rewards(NOON) == 0
    granted(1)
    assert mature_due_rewards(NOON + 30 * DAY - INSTANT) == 0
    assert statuses() == {"evt_0": "pending"}


def test_exactly_those_due_are_approved_and_only_once():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        for name, at in [("due", NOON), ("long due", NOON - 90 * DAY), ("not yet", NOON + INSTANT)]:
            buy(session, bob, event_id=name, at=at)
    assert mature_due_rewards(NOON + 30 * DAY) == 2
    assert statuses() == {"due": "approved", "long due": "approved", "not yet": "pending"}
    assert mature_due_rewards(NOON + 30 * DAY) == 0


def test_doing_nothing_never_releases_what_is_held():
    ids = granted(2)
    with write_transaction() as session:
        send(session, ids["evt_0"], "held")
    assert mature_due_rewards(NOON + 3650 * DAY) == 1
    assert statuses() == {"evt_0": "held", "evt_1": "approved"}


def test_what_is_released_after_its_time_is_approved_at_the_next_run():
    ids = granted(1)
    with write_transaction() as session:
        send(session, ids["evt_0"], "held")
    assert mature_due_rewards(NOON + 40 * DAY) == 0
    with write_transaction() as session:
        send(session, ids["evt_0"], "pending", now=NOON + 41 * DAY)
    assert mature_due_rewards(NOON + 41 * DAY) == 1
    assert statuses() == {"evt_0": "approved"}


def test_what_was_refunded_is_not_approved():
    ids = granted(2)
    with write_transaction() as session:
        refund(session, of="evt_0", event_id="ref_0")
        refund(session, "20.00 USD", of="evt_1", event_id="ref_1")
    assert mature_due_rewards(NOON + 30 * DAY) == 1
    assert statuses() == {"evt_0": "reversed", "evt_1": "approved"}
    assert money.history(db.session(), ids["evt_1"])[-1] == ("approved", "matured", 0)


def test_the_history_says_that_the_system_did_it_and_when():
    ids = granted(1)
    mature_due_rewards(NOON + 31 * DAY)
    event = db.session.get_one(RewardEvent, (ids["evt_0"], 2))
    assert (event.status, event.reason, event.actor, event.actor_id) == ("approved", "matured", "system", None)
    assert event.at == NOON + 31 * DAY


@pytest.mark.parametrize("count", [4, 5])
def test_many_are_approved_in_short_transactions(monkeypatch, count):
    granted(count)
    monkeypatch.setattr(mature_rewards, "MATURE_AT_ONCE", 2)
    monkeypatch.setattr(mature_rewards, "mature_rewards", partial(mature_some, limit=2))
    assert mature_due_rewards(NOON + 30 * DAY) == count
    assert set(statuses().values()) == {"approved"}


def test_what_was_approved_stays_approved_when_the_job_breaks(monkeypatch):
    granted(5)
    runs = []

    def break_in_the_second(session, now):
        runs.append(now)
        matured = mature_some(session, now, limit=2)
        if len(runs) == 2:
            raise KeyError
        return matured

    monkeypatch.setattr(mature_rewards, "MATURE_AT_ONCE", 2)
    monkeypatch.setattr(mature_rewards, "mature_rewards", break_in_the_second)
    with pytest.raises(KeyError):
        mature_due_rewards(NOON + 30 * DAY)
    assert sorted(statuses().values()) == ["approved"] * 2 + ["pending"] * 3
    monkeypatch.undo()
    assert mature_due_rewards(NOON + 30 * DAY) == 3


def test_the_schedule_has_it_and_the_command_line_runs_it_as_of_a_moment(app):
    assert "mature-rewards" in {job.name for job in SCHEDULE}
    granted(1)
    db.session.rollback()
    once = app.test_cli_runner().invoke
    early = (NOON + 30 * DAY - INSTANT).isoformat()
    assert once(args=["jobs", "once", "mature-rewards", "--now", early]).stdout == "mature-rewards: 0\n"
    due = (NOON + 30 * DAY).isoformat()
    assert once(args=["jobs", "once", "mature-rewards", "--now", due]).stdout == "mature-rewards: 1\n"
    assert statuses() == {"evt_0": "approved"}
