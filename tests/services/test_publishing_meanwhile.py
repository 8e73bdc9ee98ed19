"""A rule that changes while something happens: what happens after the change is priced by it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.money import ada_and_bob, buy, publish
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, RewardRuleVersion
from webapp.queries.people import find_by_email
from webapp.services.rules import begin_publishing, change_rule_state

MOMENT = 0.4


@pytest.fixture
def live(in_app):
    """A rule that is live, and Ada's friend Bob."""
    with write_transaction() as session:
        publish(session, now=utc_now() - timedelta(days=1))
        ada_and_bob(session)
    return in_app


def pause(session):
    program = factories.program(session)
    begin_publishing(session, program.id)
    rule_id = session.scalars(select(RewardRuleVersion.rule_id)).first()
    change_rule_state(session, program, rule_id, "paused", after=1, note="", by=None, now=utc_now())


def bob_buys(session):
    """Bob buys at this moment; returns whether it earns."""
    bought = buy(session, find_by_email(session, "bob@example.org"), at=utc_now())
    return bool(bought.rewards)


def beside(app, first, second):
    """Let `first` begin; while its transaction is open, `second` begins. Returns what both return."""
    opened = threading.Event()

    def meanwhile():
        with app.app_context():
            opened.wait()
            with write_transaction() as session:
                return second(session)

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(meanwhile)
        with write_transaction() as session:
            done = first(session)
            opened.set()
            # It waits for this transaction, so nothing is there yet.
            threading.Event().wait(MOMENT)
            assert not later.done()
        return done, later.result(timeout=20)


def test_what_happens_while_a_rule_is_paused_earns_nothing(live):
    _paused, earns = beside(live, pause, bob_buys)
    assert not earns


def test_a_rule_is_paused_after_what_is_under_way(live):
    earns, _paused = beside(live, bob_buys, pause)
    assert earns
    newest = select(RewardRuleVersion.live_from).order_by(RewardRuleVersion.number.desc()).limit(1)
    bought = select(Conversion.occurred_at).where(Conversion.type == "purchase")
    assert db.session.scalars(newest).one() > db.session.scalars(bought).one()
