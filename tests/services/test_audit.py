"""The audit log: kept with the act, and proved."""

import pytest
from sqlalchemy import NullPool, create_engine, select, text

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry
from webapp.queries.audit import breaches
from webapp.services.audit import record_act

pytestmark = pytest.mark.usefixtures("in_app")


def act(action="settings_changed", *, by=None, **details):
    with write_transaction() as session:
        program = factories.program(session)
        record_act(
            session, program.id, action, subject="program", subject_id=program.id, by=by, now=NOON, details=details
        )


def entries():
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()


def tamper(statement):
    """Do to the log what only someone with the whole database in their hands can."""
    with create_engine(db.engine.url, poolclass=NullPool).begin() as connection:
        if connection.dialect.name == "postgresql":
            # Ends with the connection; the database is lent to the next test.
            connection.execute(text("SET session_replication_role = replica"))
        else:
            for trigger in ("no_update", "no_delete"):
                connection.execute(text(f"DROP TRIGGER audit_entries_{trigger}"))
        connection.execute(text(statement))


def test_acts_are_numbered_and_name_who_did_them():
    with write_transaction() as session:
        marta = factories.person(session, role="admin").id
    act(window_days=30)
    act("role_changed", by=marta, to="marketer")
    first, second = entries()
    assert (first.sequence, first.actor, first.actor_id, first.details) == (1, "command", None, {"window_days": 30})
    assert (second.sequence, second.actor, second.actor_id) == (2, "person", marta)
    assert list(breaches(db.session())) == []


def test_an_act_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="not an act"):
        act("something_else")
    assert entries() == []


def test_an_act_that_cannot_be_kept_leaves_nothing():
    with pytest.raises(TypeError):
        act(wrong=object())
    act()
    assert [entry.sequence for entry in entries()] == [1]


def test_acts_at_the_same_moment_follow_one_another(app):
    outcomes = at_once(app, [act] * 8)
    assert outcomes == [None] * 8
    assert [entry.sequence for entry in entries()] == list(range(1, 9))
    assert list(breaches(db.session())) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_entries SET action = 'role_changed' WHERE sequence = 2", ["entry 2 of the audit log does not"]),
        ("UPDATE audit_entries SET details = '{\"n\": 9}' WHERE sequence = 1", ["entry 1 of the audit log does not"]),
        (
            "DELETE FROM audit_entries WHERE sequence = 2",
            ["entry 2 of the audit log is missing", "entry 3 of the audit log does not"],
        ),
    ],
)
def test_what_was_altered_or_left_out_is_found(app, statement, said):
    for number in (1, 2, 3):
        act(n=number)
    tamper(statement)
    found = list(breaches(db.session()))
    assert [
        line.removeprefix("program default: ")[: len(words)] for line, words in zip(found, said, strict=True)
    ] == said
    db.session.remove()
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert (result.exit_code, result.stdout.splitlines()) == (1, found)


def test_a_whole_log_is_said_to_be(app):
    act()
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert (result.exit_code, result.stdout) == (
        0,
        "The audit log is whole: every entry follows from the one before it.\n",
    )
