"""The accounts of the ledger as of any moment."""

from itertools import pairwise

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, another_program, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import LedgerTransaction
from webapp.queries.ledger_entries import (
    EntryFilter,
    balances_at,
    largest_balances,
    list_entries,
    stream_entries,
    stream_person_balances,
)
from webapp.queries.paging import UnknownCursorError

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return five_purchases if "house" in request.fixturenames else None


def five_purchases():
    """Bob buys on five days and something comes of it: partly sent back, held and rejected, paid and sent back."""
    with write_transaction() as session:
        publish(session, hold_days=0)
        publish(session, **TEN_DOLLARS, beneficiary="friend")
        ada, bob = ada_and_bob(session)
        bought = [
            buy(session, bob, f"{50 + number}.00 {currency}", event_id=f"evt_{number}", at=NOON + number * DAY)
            for number, currency in enumerate(("USD", "EUR", "USD", "EUR", "USD"))
        ]
        of_ada = [next(one.id for one in each.rewards if one.side == "referrer") for each in bought]
        refund(session, "20.00 USD", of="evt_0", event_id="ref_0", at=NOON + 6 * DAY)
        send(session, of_ada[1], "held", "rejected", now=NOON + 7 * DAY)
        send(session, of_ada[2], "in_payout", "paid", now=NOON + 8 * DAY)
        refund(session, of="evt_2", event_id="ref_2", at=NOON + 9 * DAY)
        # Of another program nobody is told.
        another_program(session)
        return {"program": factories.program(session).id, "ada": ada.id, "bob": bob.id}


@pytest.fixture
def house(in_app, began):
    return began


def at(house, moment, **wanted):
    rows = balances_at(db.session(), house["program"], EntryFilter(until=moment, **wanted))
    return {(one.account, one.amount.currency): one.amount.minor for one in rows if one.amount.minor}


def entries(house, **wanted):
    return list(stream_entries(db.session(), house["program"], EntryFilter(**wanted)))


def test_a_balance_as_of_a_moment_is_what_was_booked_until_then_that_moment_included(house):
    ada = {"person_id": house["ada"]}
    assert at(house, NOON - DAY, **ada) == {}
    assert at(house, NOON, **ada) == {("expense", "USD"): -1000, ("approved", "USD"): 1000}
    assert at(house, NOON + 6 * DAY, **ada) == {
        ("expense", "EUR"): -2080,
        ("approved", "EUR"): 2080,
        ("expense", "USD"): -2720,
        ("approved", "USD"): 2720,
    }
    assert at(house, NOON + 7 * DAY, **ada) == {
        ("expense", "EUR"): -1060,
        ("approved", "EUR"): 1060,
        ("expense", "USD"): -2720,
        ("approved", "USD"): 2720,
    }
    in_the_end = {
        ("expense", "EUR"): -1060,
        ("approved", "EUR"): 1060,
        ("expense", "USD"): -1680,
        ("approved", "USD"): 1680,
        ("paid", "USD"): 1040,
        ("clawback", "USD"): -1040,
    }
    assert at(house, NOON + 9 * DAY, **ada) == at(house, None, **ada) == in_the_end
    assert at(house, None, **ada, account="paid") == {("paid", "USD"): 1040}


def test_at_every_moment_the_accounts_are_the_sum_of_their_entries_and_add_up_to_nothing(house):
    moments = sorted(set(db.session.scalars(select(LedgerTransaction.at))))
    everything = entries(house, person_id=house["ada"]) + entries(house, person_id=house["bob"])
    assert len(moments) > 7
    for moment in moments:
        summed = {}
        for entry in everything:
            if entry.at <= moment:
                key = (entry.account, entry.amount.currency)
                summed[key] = summed.get(key, 0) + entry.amount.minor
        assert at(house, moment) == {key: minor for key, minor in summed.items() if minor}
        assert sum(minor for (_, currency), minor in summed.items() if currency == "EUR") == 0
        each = list(stream_person_balances(db.session(), house["program"], EntryFilter(until=moment)))
        by_account = {}
        for one in each:
            key = (one.account, one.amount.currency)
            by_account[key] = by_account.get(key, 0) + one.amount.minor
        assert {key: minor for key, minor in by_account.items() if minor} == at(house, moment)
    largest = largest_balances(db.session(), house["program"], EntryFilter(account="clawback"))
    assert [(one.person_name, one.amount) for one in largest] == [("Ada Okafor", Money(-1040, "USD"))]
    ranked = largest_balances(db.session(), house["program"], EntryFilter(), limit=3)
    assert sorted(ranked, key=lambda one: -abs(one.amount.minor)) == ranked
    assert set(ranked) < set(each)
    assert {one.person_name for one in each} == {"Ada Okafor", "Bob Miller"}


@pytest.mark.parametrize("wanted", [{}, {"account": "approved"}, {"currency": "EUR"}, {"until": NOON + 7 * DAY}])
def test_each_entry_carries_what_stands_in_its_account_since(house, wanted):
    running = {}
    found = entries(house, person_id=house["ada"], **wanted)
    assert found
    for entry in found:
        key = (entry.account, entry.amount.currency)
        running[key] = running.get(key, 0) + entry.amount.minor
        assert entry.balance == Money(running[key], entry.amount.currency)
    # And so the newest of each account says what the account says.
    left = {key: minor for key, minor in running.items() if minor}
    assert left == at(
        house, wanted.get("until"), person_id=house["ada"], **{k: v for k, v in wanted.items() if k != "until"}
    )


def test_a_refund_is_named_beside_what_it_took(house):
    named = [(one.account, one.amount.minor, one.refund_event_id) for one in entries(house, person_id=house["ada"])]
    assert [one for one in named if one[2]] == [
        *(("approved", -400, "ref_0"), ("expense", 400, "ref_0")),
        *(("clawback", -1040, "ref_2"), ("expense", 1040, "ref_2")),
    ]


@pytest.mark.parametrize("limit", [5, 6, 7])
def test_pages_go_back_to_the_first_entry_and_never_part_a_transaction(house, limit):
    wanted, before, pages = EntryFilter(person_id=house["ada"]), None, []
    while True:
        rows, before = list_entries(db.session(), house["program"], wanted, before=before, limit=limit)
        pages.append(rows)
        if before is None:
            break
    listed = [entry for page in pages for entry in page]
    assert listed == entries(house, person_id=house["ada"])[::-1]
    assert all(4 <= len(page) <= limit for page in pages[:-1])
    for one, following in pairwise(pages):
        assert one[-1].transaction_id != following[0].transaction_id


def test_events_of_one_moment_stand_in_the_order_in_which_they_happened(in_app):
    with write_transaction() as session:
        publish(session, hold_days=0)
        ada, bob = ada_and_bob(session)
        bought = buy(session, bob)
        send(session, bought.rewards[0].id, "held", "approved", "in_payout", "paid", now=NOON)
        house = {"program": factories.program(session).id}
    found = [entry for entry in entries(house, person_id=ada.id) if entry.amount.minor > 0]
    assert [entry.account for entry in found] == ["approved", "held", "approved", "in_payout", "paid"]
    assert [entry.reward_sequence for entry in found] == [1, 2, 3, 4, 5]
    assert all(entry.balance.minor == 1000 for entry in found)


def test_a_cursor_of_another_list_is_none(house):
    of_bob = entries(house, person_id=house["bob"])[0].transaction_id
    for stranger in (of_bob, new_id()):
        with pytest.raises(UnknownCursorError):
            list_entries(db.session(), house["program"], EntryFilter(person_id=house["ada"]), before=stranger)


def test_another_program_s_books_are_its_own(house):
    assert at({**house, "program": new_id()}, None) == {}
    assert entries({**house, "program": new_id()}, person_id=house["ada"]) == []
    assert at(house, None)


def test_store_credit_never_stands_in_one_balance_with_money(in_app):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, hold_days=0)
        publish(session, **{**TEN_DOLLARS, "key": "in-credit", "reward": "credit"}, hold_days=0)
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        program_id, ada_id = factories.program(session).id, ada.id
    session, whose = db.session(), EntryFilter(person_id=ada_id, account="approved")
    of_ada = [("approved", "cash", 1000), ("approved", "credit", 1000)]
    assert [(one.account, one.form, one.amount.minor) for one in balances_at(session, program_id, whose)] == of_ada
    for found in (largest_balances(session, program_id, whose), stream_person_balances(session, program_id, whose)):
        assert sorted((one.account, one.form, one.amount.minor) for one in found) == of_ada
    booked = list(stream_entries(session, program_id, whose))
    assert sorted((one.account, one.form, one.balance.minor) for one in booked) == of_ada
    credit = EntryFilter(person_id=ada_id, account="approved", form="credit")
    assert [one.form for one in stream_entries(session, program_id, credit)] == ["credit"]
