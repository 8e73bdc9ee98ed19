"""Changed settings of the signals hold from the next signup on, and are in the audit log."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, program
from tests.services.test_screening import DAY, comes, found, status_of, within_a_second
from webapp.database import write_transaction
from webapp.domain.screening import read_signals
from webapp.domain.signal_settings import SignalSettings
from webapp.extensions import db
from webapp.models import AuditEntry, Program
from webapp.queries.signal_settings import signal_settings_of
from webapp.services.signal_settings import change_signals

pytestmark = pytest.mark.usefixtures("in_app")


def test_a_change_holds_for_the_next_signup_and_is_written_down_once():
    with write_transaction() as session:
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        ada = factories.person(session, now=NOON - 30 * DAY).id
        admin = factories.person(session, role="admin").id
        program(session).signals = {}
        before = within_a_second(session, ada)
        assert status_of(session, before) == "held"
        # Of the default weight alone, 0.60, less than is asked for now.
        wanted = SignalSettings(read_signals({"too_fast": {"seconds": 600}}), 61, 500)
        assert change_signals(session, program(session), wanted, by=admin, now=NOON)
        assert not change_signals(session, program(session), wanted, by=admin, now=NOON)
        after = comes(session, ada)
        assert (status_of(session, after), set(found(session, after))) == ("pending", {"too_fast"})
        # What was decided stays.
        assert status_of(session, before) == "held"
    assert db.session.scalars(select(Program.signals)).one() == {"too_fast": {"seconds": 600}}
    assert signal_settings_of(program(db.session())) == (wanted, None)
    acts = db.session.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.details)).all()
    assert [(actor, details) for action, actor, details in acts if action == "signals_changed"] == [
        (
            admin,
            {
                "changed": ["too_fast", "held_from", "second_admin_from_minor"],
                "too_fast": {"seconds": {"from": 3, "to": 600}},
                "held_from": {"from": 50, "to": 61},
                "second_admin_from_minor": {"from": None, "to": 500},
            },
        )
    ]
