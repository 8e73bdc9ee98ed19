"""Double entry: what is moved between accounts."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.ledger import ACCOUNTS, Account, Posting, move, undone
from webapp.domain.money import LARGEST, Money


def test_every_account_has_a_name_of_its_own():
    assert set(ACCOUNTS) == {"expense", "pending", "held", "approved", "in_payout", "paid", "clawback"}
    assert get_args(Account) == ACCOUNTS


@pytest.mark.parametrize("currency", ["JPY", "USD", "EUR", "KWD"])
def test_what_is_moved_leaves_one_account_and_comes_to_another(currency):
    assert move(Money(250, currency), "pending", "approved") == (
        Posting("pending", Money(-250, currency)),
        Posting("approved", Money(250, currency)),
    )


@pytest.mark.parametrize("minor", [pytest.param(0, id="nothing"), pytest.param(-1, id="less than nothing")])
def test_only_something_can_be_moved(minor):
    with pytest.raises(ValueError, match="only an amount above zero can be moved"):
        move(Money(minor, "USD"), "expense", "pending")


@given(st.integers(1, LARGEST), st.sampled_from(["JPY", "USD", "EUR", "KWD"]), st.permutations(ACCOUNTS))
def test_entries_balance_to_zero_in_their_currency(minor, currency, accounts):
    entries = move(Money(minor, currency), accounts[0], accounts[1])
    assert sum(entry.amount.minor for entry in entries) == 0
    assert {entry.amount.currency for entry in entries} == {currency}


def test_what_is_undone_is_where_it_was():
    moved = (*move(Money(250, "USD"), "held", "expense"), *move(Money(50, "USD"), "held", "clawback"))
    assert undone(moved) == (
        *(Posting("held", Money(250, "USD")), Posting("expense", Money(-250, "USD"))),
        *(Posting("held", Money(50, "USD")), Posting("clawback", Money(-50, "USD"))),
    )
