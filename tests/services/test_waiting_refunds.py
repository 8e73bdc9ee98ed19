"""Refunds that arrive before what they are of."""

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Refund, User
from webapp.queries.ledger import breaches


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def applied(session):
    return session.execute(select(Refund.event_id, Refund.applied_minor).order_by(Refund.event_id)).all()


def test_a_refund_without_its_purchase_waits():
    with write_transaction() as session:
        refunded = refund(session, "20.00 USD")
        stored = session.scalars(select(Refund)).one()
    assert (refunded.conversion_id, refunded.applied_minor, refunded.currency) == (None, None, None)
    assert (refunded.taken_back, refunded.kept, refunded.conversion_event_id) == ([], [], "evt_1")
    assert (stored.conversion_id, stored.applied_minor, stored.wanted_minor) == (None, None, 2000)


@pytest.mark.parametrize("named", [{"of": "evt_1"}, {"order_id": "o_1"}], ids=["by its event", "by its order"])
def test_it_is_applied_when_the_purchase_arrives(named):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        refund_id = refund(session, "20.00 USD", **named).refund_id
        recorded = buy(session, bob, order_id="o_1", now=NOON + 2 * DAY)
        stored = session.get_one(Refund, refund_id, populate_existing=True)
        assert (stored.conversion_id, stored.applied_minor) == (recorded.conversion_id, 2000)
        (reward,) = recorded.rewards
        assert (reward.amount_minor, reward.taken_minor, reward.status) == (1000, 400, "pending")
        assert money.history(session, reward.id) == [("pending", "granted", 0), ("pending", "refunded", 400)]
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


def test_several_are_applied_in_the_order_in_which_they_happened():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        refund(session, event_id="ref_1", at=NOON + 3 * DAY)
        refund(session, "40.00 USD", event_id="ref_2", at=NOON + 2 * DAY)
        refund(session, "20.00 USD", event_id="ref_3", order_id="o_1", at=NOON + DAY)
        (reward,) = buy(session, bob, order_id="o_1", now=NOON + 4 * DAY).rewards
        assert applied(session) == [("ref_1", 0), ("ref_2", 2999), ("ref_3", 2000)]
        assert money.history(session, reward.id) == [
            ("pending", "granted", 0),
            ("pending", "refunded", 400),
            ("reversed", "refunded", 600),
        ]
        assert (reward.status, money.accounts(session, ada)) == ("reversed", {})


def test_it_ends_on_the_cents_on_which_it_would_have_ended_in_order():
    with write_transaction() as session:
        publish(session)
        publish(session, **money.TEN_DOLLARS)
        _ada, bob = ada_and_bob(session)
        in_order = buy(session, bob, "33.33 USD", event_id="evt_1")
        refund(session, "17.77 USD", of="evt_1", event_id="ref_1")
        refund(session, "17.77 USD", of="evt_2", event_id="ref_2")
        waited_for = buy(session, bob, "33.33 USD", event_id="evt_2", now=NOON + 2 * DAY)
        ends = [
            sorted(sum(back for *_, back in money.history(session, reward.id)) for reward in recorded.rewards)
            for recorded in (in_order, waited_for)
        ]
    # 20% of 33.33 are 6.67; 6.67 × 15.56 / 33.33 = 3.1139 are still earned, and the fixed reward is whole.
    assert ends == [[0, 356], [0, 356]]


@pytest.mark.parametrize(
    "other",
    [{"event_id": "evt_2"}, {"event_id": "evt_2", "order_id": "evt_1"}, {"event_id": "evt_2", "order_id": None}],
    ids=["another event", "an order that is called like it", "no order"],
)
def test_it_goes_on_waiting_when_something_else_arrives(other):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        refund(session, of="evt_1")
        buy(session, bob, **other)
        assert applied(session) == [("ref_1", None)]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}


def test_a_reward_without_a_hold_is_taken_back_in_the_same_transaction():
    with write_transaction() as session:
        publish(session, hold_days=0)
        ada, bob = ada_and_bob(session)
        refund(session)
        (reward,) = buy(session, bob).rewards
        assert money.history(session, reward.id) == [("approved", "granted", 0), ("reversed", "refunded", 1000)]
        assert money.accounts(session, ada) == {}


def test_it_waits_for_strangers_too():
    with write_transaction() as session:
        refund(session, "20.00 USD")
        buy(session, None)
        assert applied(session) == [("ref_1", 2000)]


def test_it_is_not_applied_twice():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        refund(session, "20.00 USD", order_id="o_1")
        buy(session, bob, event_id="evt_1", order_id="o_1")
        buy(session, bob, event_id="evt_2", order_id="o_1", type="renewal")
        assert applied(session) == [("ref_1", 2000)]
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


def test_a_refund_and_its_purchase_at_once_never_miss_each_other(app):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        ada_id, bob_id = ada.id, bob.id
    db.session.rollback()

    def purchase(number):
        with write_transaction() as session:
            buy(session, session.get_one(User, bob_id), event_id=f"evt_{number}", order_id=f"o_{number}")

    def give_back(number):
        named = {"order_id": f"o_{number}"} if number % 2 else {"of": f"evt_{number}"}
        with write_transaction() as session:
            refund(session, event_id=f"ref_{number}", **named)

    calls = [lambda do=do, number=number: do(number) for number in range(3) for do in (purchase, give_back)]
    assert at_once(app, calls) == [None] * 6
    assert applied(db.session()) == [("ref_0", 4999), ("ref_1", 4999), ("ref_2", 4999)]
    assert money.accounts(db.session(), db.session.get_one(User, ada_id)) == {}
