"""Rewards as staff look for them."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, TEN_DOLLARS, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import User
from webapp.queries.owed import Maturing, maturing_rewards
from webapp.queries.paging import UnknownCursorError
from webapp.queries.reward_lists import (
    CurrencySum,
    RewardFilter,
    find_rewards,
    list_rewards,
    sums_of,
)
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return a_house if "house" in request.fixturenames else None


def a_house():
    """Bob's orders on three days, in dollars and euros, for Ada and for Bob himself; the first is held."""
    with write_transaction() as session:
        publish(session)
        publish(session, **TEN_DOLLARS, beneficiary="friend")
        ada = factories.person(session, name="Ada Okafor", now=money.JOINED)
        link = factories.link_of(session, ada)
        bob, _referral = join(session, CameBy(typed=link), name="Bob 100% Miller", now=money.JOINED)
        bob.external_id = "cus_7"
        for number, amount in enumerate(("50.00 USD", "40.00 EUR", "30.00 USD")):
            at = NOON + number * DAY
            buy(session, bob, amount, event_id=f"evt_{number}", order_id=f"100{number}", at=at)
        program_id = factories.program(session).id
        rows, _more = list_rewards(session, program_id, RewardFilter(side="referrer"))
        send(session, rows[-1].id, "held", now=NOON + 5 * DAY)
        return {"program": program_id, "ada": ada.id, "bob": bob.id, "code": link.code, "held": rows[-1].id}


@pytest.fixture
def house(in_app, began):
    return began


def found(house, **wanted):
    """Return what is found, as it is said in a line."""
    rows, _more = list_rewards(db.session(), house["program"], RewardFilter(**wanted))
    return [f"{row.side} {row.granted}" for row in rows]


EVERYTHING = [
    *("friend 10.00 USD", "referrer 6.00 USD"),
    *("friend 10.00 USD", "referrer 8.00 EUR"),
    *("friend 10.00 USD", "referrer 10.00 USD"),
]


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        ({}, EVERYTHING),
        ({"status": "held"}, ["referrer 10.00 USD"]),
        ({"side": "friend"}, ["friend 10.00 USD"] * 3),
        ({"currency": "EUR"}, ["referrer 8.00 EUR"]),
        ({"text": "ada"}, ["referrer 6.00 USD", "referrer 8.00 EUR", "referrer 10.00 USD"]),
        ({"text": "miller"}, EVERYTHING),
        ({"text": "cus_7"}, EVERYTHING),
        ({"text": "100%"}, EVERYTHING),
        ({"text": "1%0"}, []),
        ({"text": "1001"}, ["friend 10.00 USD", "referrer 8.00 EUR"]),
        ({"text": "evt_2"}, ["friend 10.00 USD", "referrer 6.00 USD"]),
        ({"text": "nobody"}, []),
        ({"since": NOON + 2 * DAY}, ["friend 10.00 USD", "referrer 6.00 USD"]),
        ({"until": NOON + DAY}, ["friend 10.00 USD", "referrer 10.00 USD"]),
        ({"rule_id": new_id()}, []),
    ],
)
def test_rewards_are_found_by_what_is_known_of_them(house, wanted, lines):
    assert sorted(found(house, **wanted)) == sorted(lines)


def test_rewards_are_found_by_person_and_by_code(house):
    assert len(found(house, person_id=house["ada"])) == 3
    assert len(found(house, person_id=house["bob"])) == 6
    assert len(found(house, text=house["code"].lower())) == 3


def test_a_reward_says_whose_it_is_what_for_and_what_is_left_of_it(house):
    with write_transaction() as session:
        refund(session, "20.00 USD", of="evt_0")
    (row,) = find_rewards(db.session(), house["program"], [house["held"], new_id()])
    assert (row.beneficiary_name, row.friend_name, row.referrer_name) == ("Ada Okafor", "Bob 100% Miller", "Ada Okafor")
    assert (row.granted, row.kept) == (Money(1000, "USD"), Money(600, "USD"))
    assert (row.status, row.reason, row.sequence) == ("held", "refunded", 3)
    assert find_rewards(db.session(), new_id(), [house["held"]]) == []


def test_sums_are_those_of_what_is_looked_for_less_what_was_taken_back(house):
    with write_transaction() as session:
        refund(session, "20.00 USD", of="evt_0")
    sums = sums_of(db.session(), house["program"], RewardFilter(side="referrer"))
    assert sums == [CurrencySum(2, Money(1200, "USD")), CurrencySum(1, Money(800, "EUR"))]
    assert sums_of(db.session(), house["program"], RewardFilter(text="nobody")) == []
    with write_transaction() as session:
        send(session, house["held"], "rejected")
    sums = sums_of(db.session(), house["program"], RewardFilter(side="referrer"))
    assert sums[0] == CurrencySum(2, Money(600, "USD"))
    sums = sums_of(db.session(), house["program"], RewardFilter(status="rejected"))
    assert sums == [CurrencySum(1, Money(600, "USD"))]


@pytest.mark.parametrize("limit", [1, 2, 4, 6])
def test_pages_leave_nothing_out_also_at_equal_moments(house, limit):
    seen, cursor = [], None
    while cursor or not seen:
        rows, cursor = list_rewards(db.session(), house["program"], RewardFilter(), before=cursor, limit=limit)
        seen += [row.id for row in rows]
    assert len(seen) == len(set(seen)) == 6
    with pytest.raises(UnknownCursorError):
        list_rewards(db.session(), house["program"], RewardFilter(), before=new_id())


def test_what_matures_is_summed_by_span_and_currency(house):
    first = NOON + 30 * DAY
    ends = [first, first + timedelta(seconds=1), first + 2 * DAY]
    with write_transaction() as session:
        refund(session, "10.00 USD", of="evt_0")
        bob = session.get_one(User, house["bob"])
        # Should have matured long ago.
        buy(session, bob, "1.00 USD", event_id="late", at=NOON - 90 * DAY, now=NOON)
    rows = maturing_rewards(db.session(), house["program"], ends)
    assert rows == [
        Maturing(0, 2, Money(1020, "USD")),
        # The referrer's of this moment is held; the friend's is not proportional.
        Maturing(1, 1, Money(1000, "USD")),
        Maturing(2, 1, Money(800, "EUR")),
        Maturing(2, 1, Money(1000, "USD")),
    ]
