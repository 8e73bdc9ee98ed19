"""A month of somebody's accounts, from the ledger."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests import factories
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.statements import due
from webapp.extensions import db
from webapp.queries.ledger_entries import EntryFilter, balances_at
from webapp.queries.statements import books_before, movements_of

pytestmark = pytest.mark.usefixtures("in_app")

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11, 12)]
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def beginning(request):
    return a_house if "house" in request.fixturenames else None


def a_house():
    """Ada's rewards: two of September, of which one is paid in October and sent back in November, one of October."""
    with write_transaction() as session:
        publish(session, hold_days=0)
        publish(session, **TEN_DOLLARS, beneficiary="friend")
        ada, bob = ada_and_bob(session, now=SEPTEMBER - DAY)
        ids = []
        for number, (amount, at) in enumerate(
            (
                ("50.00 USD", SEPTEMBER),
                ("500 JPY", SEPTEMBER + 3 * DAY),
                # The last moment of September, and the first of October.
                ("20.00 USD", MONTHS[2] - INSTANT),
                ("30.00 USD", MONTHS[2]),
            )
        ):
            bought = buy(session, bob, amount, event_id=f"evt_{number}", at=at)
            ids.append(next(one.id for one in bought.rewards if one.side == "referrer"))
        send(session, ids[0], "in_payout", "paid", now=MONTHS[2] + 5 * DAY)
        refund(session, "10.00 USD", of="evt_3", event_id="ref_3", at=MONTHS[2] + 6 * DAY)
        send(session, ids[3], "held", "rejected", now=MONTHS[2] + 7 * DAY)
        refund(session, of="evt_0", event_id="ref_0", at=MONTHS[3])
        return {"program": factories.program(session).id, "ada": ada.id, "bob": bob.id}


@pytest.fixture
def house(in_app, began):
    return began


def books(house, since, until):
    session = db.session()
    moved = movements_of(session, house["ada"], since=since, until=until)
    found = books_before(session, house["program"], house["ada"], moved, since=since, first="USD")
    return {one.currency: one for one in found}


def test_each_month_begins_where_the_one_before_ended_and_ends_as_the_ledger_says(house):
    before = {}
    for since, until in pairwise(MONTHS):
        found = books(house, since, until)
        for currency, of_month in found.items():
            stood = {account: minor for account, minor in of_month.opening.items() if minor}
            assert stood == before.get(currency, {})
            booked = balances_at(
                db.session(),
                house["program"],
                EntryFilter(person_id=house["ada"], currency=currency, until=until - INSTANT),
            )
            before[currency] = {account: minor for account, minor in of_month.closing.items() if minor}
            assert before[currency] == {one.account: one.amount.minor for one in booked if one.amount.minor}
    assert before == {
        "USD": {"expense": -400, "approved": 400, "paid": 1000, "clawback": -1000},
        "JPY": {"expense": -100, "approved": 100},
    }


def test_a_month_says_what_was_granted_taken_back_and_paid(house):
    september = books(house, MONTHS[1], MONTHS[2])["USD"]
    assert (due(september.opening), due(september.closing)) == (0, 1400)
    assert {kind: due(moved) for kind, moved in september.movements.items()} == {"granted": 1400}
    october = books(house, MONTHS[2], MONTHS[3])["USD"]
    # 6.00 granted; 2.00 refunded and the rest of 4.00 rejected; 10.00 paid.
    assert {kind: due(moved) for kind, moved in october.movements.items()} == {
        "granted": 600,
        "taken_back": -600,
        "moved": -1000,
    }
    assert (due(october.opening), due(october.closing)) == (1400, 400)
    november = books(house, MONTHS[3], MONTHS[4])
    assert {kind: due(moved) for kind, moved in november["USD"].movements.items()} == {"taken_back": -1000}
    assert november["JPY"].movements == {}


def test_every_movement_says_what_it_was_for(house):
    moved = movements_of(db.session(), house["ada"], since=MONTHS[2], until=MONTHS[3])
    assert [(one.kind, one.status, one.reason, one.friend_name) for one in moved] == [
        ("granted", "approved", "granted", "Bob Miller"),
        ("moved", "in_payout", "test", "Bob Miller"),
        ("moved", "paid", "test", "Bob Miller"),
        ("taken_back", "approved", "refunded", "Bob Miller"),
        ("moved", "held", "test", "Bob Miller"),
        ("taken_back", "rejected", "test", "Bob Miller"),
    ]
    assert movements_of(db.session(), house["bob"], since=MONTHS[0], until=MONTHS[1]) == []
