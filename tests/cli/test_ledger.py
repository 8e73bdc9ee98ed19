"""`ledger verify`."""

import pytest
from sqlalchemy import select, update

from tests.money import ada_and_bob, buy, publish, refund
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Refund, Reward


@pytest.fixture
def verify(app):
    return lambda: app.test_cli_runner().invoke(args=["ledger", "verify"])


@pytest.fixture
def reward_id(app):
    """A reward of which a part was taken back."""
    with app.app_context(), write_transaction() as session:
        publish(session)
        recorded = buy(session, ada_and_bob(session)[1])
        refund(session, "20.00 USD")
        return recorded.rewards[0].id


WHOLE = "The ledger is whole: every entry, reward and refund agrees.\n"


def test_no_money_is_whole_and_exits_0(verify):
    result = verify()
    assert (result.exit_code, result.stdout) == (0, WHOLE)


def test_books_that_agree_are_said_to_and_exit_0(verify, reward_id):
    result = verify()
    assert (result.exit_code, result.stdout) == (0, WHOLE)


def test_each_breach_is_a_line_and_exits_1(app, verify, reward_id):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Reward).values(status="approved"))
        conversion_id, refund_id = session.execute(select(Refund.conversion_id, Refund.id)).one()
        session.execute(update(Refund).values(applied_minor=5000))
    result = verify()
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"reward {reward_id}: it says approved after event 2; its history has 2 events up to number 2"
        " and ends with pending",
        f"reward {reward_id}: it is approved with 600 left and 0 clawed back;"
        " the ledger holds expense -600, pending 600",
        f"conversion {conversion_id}: 5000 were refunded of 4999",
        f"refund {refund_id}: it counts for 5000 and brought back 0; of all of its conversion follow 2000 and 0",
    ]
    assert "Traceback" not in result.output


def test_verify_changes_nothing(app, verify, reward_id):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Reward).values(status="approved"))
    assert [verify().exit_code for _ in range(2)] == [1, 1]
    with app.app_context():
        assert db.session.scalars(select(Reward.status)).all() == ["approved"]
