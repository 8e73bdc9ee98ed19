"""What stood in a person's accounts and all that moved give what stands in them since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.ledger import ACCOUNTS
from webapp.domain.statements import KINDS, books_of, due, kind_of


@pytest.mark.parametrize(
    ("amounts", "first", "kind"),
    [
        ({"expense": -1000, "pending": 1000}, True, "granted"),
        ({"expense": 400, "approved": -400}, False, "taken_back"),
        ({"expense": 1000, "clawback": -1000}, False, "taken_back"),
        pytest.param({"expense": -1000, "held": 1000}, False, "given_back", id="an appeal, or a dispute that was won"),
        ({"approved": -1000, "in_payout": 1000}, False, "moved"),
        pytest.param(
            {"held": -1000, "expense": 600, "clawback": 400}, False, "taken_back", id="rejected after a clawback"
        ),
    ],
)
def test_a_transaction_is_of_one_kind(amounts, first, kind):
    assert kind_of(amounts, first=first) == kind


def test_what_is_not_paid_leaves_out_what_was_paid_and_takes_off_what_is_owed():
    assert due({"expense": -3500, "pending": 1000, "approved": 1000, "paid": 2000, "clawback": -500}) == 1500


USD, EUR, CREDIT = ("cash", "USD"), ("cash", "EUR"), ("credit", "USD")
amounts = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(-(10**9), 10**9))
transactions = st.lists(
    st.tuples(st.sampled_from([USD, ("cash", "JPY"), CREDIT]), st.sampled_from(KINDS), amounts), max_size=12
)


@given(st.dictionaries(st.sampled_from([USD, EUR, CREDIT]), amounts), transactions)
def test_opening_and_movements_are_the_closing(opening, moved):
    for books in books_of(opening, moved, first="USD"):
        key = (books.form, books.currency)
        for account in ACCOUNTS:
            of_account = [part.get(account, 0) for book, _kind, part in moved if book == key]
            assert books.closing[account] == opening.get(key, {}).get(account, 0) + sum(of_account)
        by_kind = sum(due(part) for part in books.movements.values())
        assert due(books.closing) == due(books.opening) + by_kind


def test_money_and_the_program_s_currency_come_first_and_one_without_anything_not_at_all():
    opening = {CREDIT: {"approved": 100}, EUR: {"paid": 100}, ("cash", "JPY"): {"pending": 0}, USD: {}}
    moved = [(USD, "granted", {"pending": 100})]
    found = books_of(opening, moved, first="USD")
    assert [(books.form, books.currency) for books in found] == [USD, EUR, CREDIT]
