"""`ledger verify` names what is wrong with store credit, whoever wrote it."""

import pytest
from sqlalchemy import text

from tests.services.test_redemptions import earned, redeem
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import append_only
from webapp.queries.ledger import breaches

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture(autouse=True)
def spent(in_app):
    """Ada has spent 15.00 of 20.00 USD: all of one reward and half of another."""
    with write_transaction() as session:
        ada_id = earned(session)
        redeem(session, ada_id, 1500)
    assert list(breaches(db.session())) == []
    db.session.rollback()


def tamper(statement):
    """Write past the triggers."""
    with write_transaction() as session:
        connection = session.connection()
        for table in append_only.TABLES:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                for kind in ("no_update", "no_delete", "no_replace"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_{kind}")
        session.execute(text(statement))
        if connection.dialect.name == "postgresql":
            for table in append_only.TABLES:
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            append_only.protect(connection)


@pytest.mark.parametrize(
    ("statement", "breach"),
    [
        ("UPDATE ledger_entries SET kind = 'cash' WHERE account = 'paid'", "person, currency and kind of reward"),
        ("UPDATE redemption_parts SET amount_minor = 400 WHERE amount_minor = 500", "1400 were taken"),
        ("UPDATE redemption_parts SET amount_minor = 1200 WHERE amount_minor = 1000", "1200 of the 1000"),
        ("DELETE FROM redemption_parts", "0 were taken"),
        ("UPDATE redemptions SET currency = 'EUR'", "of another person, currency or program"),
        ("UPDATE redemptions SET amount_minor = 1600", "it is of 1600, and 1500 were taken"),
        ("UPDATE rewards SET kind = 'custom' WHERE status = 'approved'", "and the custom is approved"),
        ("UPDATE rewards SET status = 'held' WHERE status = 'approved'", "and the credit is held"),
    ],
)
def test_each_breach_is_named(statement, breach):
    tamper(statement)
    assert [line for line in breaches(db.session()) if breach in line]
