"""What was clawed back from a payout that then failed: nothing was paid, so nothing is owed in the end."""

import pytest

from tests import money
from tests.money import ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.ledger import breaches


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def clawed_back(session, amount):
    """Bob's purchase of 100 dollars, and a refund while Ada's 20 are in a payout. Returns her and the reward."""
    publish(session)
    ada, bob = ada_and_bob(session)
    (reward,) = buy(session, bob, "100.00 USD").rewards
    send(session, reward.id, "approved", "in_payout")
    refund(session, amount)
    return ada, reward.id


@pytest.mark.parametrize(
    ("amount", "back_again"),
    [
        pytest.param("25.00 USD", {"expense": -1500, "approved": 2000, "clawback": -500}, id="a part"),
        pytest.param(None, {"approved": 2000, "clawback": -2000}, id="all of it"),
    ],
)
def test_who_is_rejected_after_a_payout_that_failed_owes_nothing(amount, back_again):
    with write_transaction() as session:
        ada, reward_id = clawed_back(session, amount)
        send(session, reward_id, "approved")
        assert money.accounts(session, ada) == back_again
        send(session, reward_id, "held", "rejected")
        assert money.accounts(session, ada) == {}


def test_what_was_paid_and_clawed_back_stays_owed():
    with write_transaction() as session:
        ada, reward_id = clawed_back(session, "25.00 USD")
        send(session, reward_id, "paid")
        assert money.accounts(session, ada) == {"expense": -1500, "paid": 2000, "clawback": -500}


def test_a_reward_that_is_held_again_keeps_what_is_owed_of_it():
    with write_transaction() as session:
        ada, reward_id = clawed_back(session, "25.00 USD")
        send(session, reward_id, "approved", "held", "approved", "in_payout", "paid")
        assert money.accounts(session, ada) == {"expense": -1500, "paid": 2000, "clawback": -500}
