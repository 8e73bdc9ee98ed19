"""The life of a reward: which status follows which, and what each step books."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.ledger import Posting
from webapp.domain.money import LARGEST, Money
from webapp.domain.rewards import (
    FROZEN,
    STATUSES,
    Change,
    StatusError,
    account_of,
    granted,
    left_of,
    moved,
    taken_back,
)

# From where to where, and the accounts that the money leaves and comes to.
STEPS = {
    ("pending", "approved"): ("pending", "approved"),
    ("pending", "held"): ("pending", "held"),
    ("pending", "reversed"): ("pending", "expense"),
    ("held", "pending"): ("held", "pending"),
    ("held", "approved"): ("held", "approved"),
    ("held", "rejected"): ("held", "expense"),
    ("held", "reversed"): ("held", "expense"),
    ("approved", "in_payout"): ("approved", "in_payout"),
    ("approved", "held"): ("approved", "held"),
    ("approved", "reversed"): ("approved", "expense"),
    ("in_payout", "paid"): ("in_payout", "paid"),
    # A payout that failed.
    ("in_payout", "approved"): ("in_payout", "approved"),
    # An appeal.
    ("rejected", "held"): ("expense", "held"),
    # A dispute that was won.
    ("reversed", "pending"): ("expense", "pending"),
    ("reversed", "held"): ("expense", "held"),
    ("reversed", "approved"): ("expense", "approved"),
}
REFUSED = [(old, new) for old in STATUSES for new in STATUSES if (old, new) not in STEPS]
OPEN = ["pending", "held", "approved"]
PAYOUT = ["in_payout", "paid"]
OVER = ["rejected", "reversed"]

AMOUNTS = st.builds(Money, st.integers(1, LARGEST) | st.integers(1, 20), st.sampled_from(["JPY", "USD", "EUR", "KWD"]))


def usd(minor):
    return Money(minor, "USD")


def booked(source, target, minor):
    return Posting(source, usd(-minor)), Posting(target, usd(minor))


def test_a_reward_has_one_of_seven_statuses():
    assert set(STATUSES) == {"pending", "held", "approved", "in_payout", "paid", "rejected", "reversed"}
    assert set(PAYOUT) == FROZEN


@pytest.mark.parametrize("status", [*OPEN, *PAYOUT])
def test_money_stands_in_the_account_of_its_status(status):
    assert account_of(status) == status


@pytest.mark.parametrize("status", OVER)
def test_of_a_reward_that_is_over_nothing_is_owed(status):
    assert account_of(status) == "expense"


@pytest.mark.parametrize("status", OPEN)
def test_a_new_reward_is_an_expense_that_is_owed(status):
    assert granted(usd(1000), status) == booked("expense", status, 1000)


@pytest.mark.parametrize(("step", "accounts"), STEPS.items(), ids=[f"{old} to {new}" for old, new in STEPS])
def test_a_step_moves_what_is_left(step, accounts):
    assert moved(usd(700), *step) == booked(*accounts, 700)


@pytest.mark.parametrize("step", STEPS, ids=[f"{old} to {new}" for old, new in STEPS])
def test_a_step_of_a_reward_of_which_nothing_is_left_moves_nothing(step):
    assert moved(usd(0), *step) == ()


@pytest.mark.parametrize(("old", "new"), REFUSED, ids=[f"{old} to {new}" for old, new in REFUSED])
@pytest.mark.parametrize("left", [0, 700])
def test_every_other_step_is_refused(left, old, new):
    with pytest.raises(StatusError, match=f"^a reward that is {old} cannot become {new}$"):
        moved(usd(left), old, new)


@pytest.mark.parametrize("status", OPEN)
def test_a_part_that_is_taken_back_before_a_payout_is_a_reversal(status):
    change, entries = taken_back(usd(400), usd(1000), status)
    assert change == Change(status, 400, "reversal")
    assert entries == booked(status, "expense", 400)


@pytest.mark.parametrize("status", OPEN)
def test_the_last_cent_that_is_taken_back_ends_the_reward(status):
    change, entries = taken_back(usd(600), usd(600), status)
    assert change == Change("reversed", 600, "reversal")
    assert entries == booked(status, "expense", 600)


@pytest.mark.parametrize("status", PAYOUT)
@pytest.mark.parametrize("minor", [pytest.param(400, id="a part"), pytest.param(1000, id="all of it")])
def test_what_is_taken_back_from_a_payout_is_owed_and_the_reward_keeps_its_status(minor, status):
    change, entries = taken_back(usd(minor), usd(1000), status)
    assert change == Change(status, minor, "clawback")
    assert entries == booked("clawback", "expense", minor)


@pytest.mark.parametrize("status", OVER)
@pytest.mark.parametrize("left", [0, 1000])
def test_of_a_reward_that_is_over_nothing_can_be_taken_back(left, status):
    with pytest.raises(StatusError, match=f"^nothing is left of a reward that is {status}$"):
        taken_back(usd(1), usd(left), status)


@pytest.mark.parametrize("status", [*OPEN, *PAYOUT])
@pytest.mark.parametrize(("minor", "left"), [(1001, 1000), (1, 0), (LARGEST, 1)])
def test_never_more_than_is_left_is_taken_back(minor, left, status):
    with pytest.raises(StatusError, match=r"^more would be taken back than is left$"):
        taken_back(usd(minor), usd(left), status)


@pytest.mark.parametrize("status", [*OPEN, *PAYOUT])
@pytest.mark.parametrize("minor", [0, -1])
def test_only_something_can_be_taken_back(minor, status):
    with pytest.raises(ValueError, match="above zero"):
        taken_back(usd(minor), usd(1000), status)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param([], 1000, id="nothing happened"),
        pytest.param([Change("pending"), Change("approved")], 1000, id="nothing was taken back"),
        pytest.param([Change("pending", 300, "reversal")], 700, id="a reversal"),
        pytest.param([Change("paid", 300, "clawback")], 1000, id="a clawback leaves it there"),
        pytest.param(
            [
                Change("pending"),
                Change("pending", 300, "reversal"),
                Change("in_payout", 200, "clawback"),
                Change("reversed", 700, "reversal"),
            ],
            0,
            id="in parts",
        ),
    ],
)
def test_what_is_left_of_a_reward(changes, left):
    assert left_of(1000, changes) == left


def test_a_change_takes_nothing_unless_it_says_so():
    assert (Change("approved").taken_minor, Change("approved").taken_as) == (0, None)


@given(AMOUNTS, st.sampled_from(OPEN), st.data())
def test_whatever_happens_to_a_reward_the_books_balance(amount, status, data):
    """Walk through a life of a reward at random, and compare all accounts with plain sums after every step."""
    balances = dict.fromkeys(["expense", "pending", "held", "approved", "in_payout", "paid", "clawback"], 0)
    changes, reversed_minor, clawed_back_minor = [Change(status)], 0, 0
    entries = granted(amount, status)
    while True:
        for entry in entries:
            assert entry.amount.currency == amount.currency
            balances[entry.account] += entry.amount.minor
        left = left_of(amount.minor, changes)
        kept = left - clawed_back_minor
        assert left == amount.minor - reversed_minor
        assert kept >= 0
        assert sum(balances.values()) == 0
        assert balances["clawback"] == -clawed_back_minor
        owed = {account: balance for account, balance in balances.items() if account not in ("expense", "clawback")}
        stands = {} if status in OVER else {status: left}
        assert {account: balance for account, balance in owed.items() if balance} == (stands if left else {})

        following = [new for old, new in STEPS if old == status]
        actions = following + ["take back"] * (kept > 0 and status not in OVER)
        if len(changes) > 15 or not actions:
            return
        action = data.draw(st.sampled_from(actions))
        if action == "take back":
            taken = data.draw(st.integers(1, kept))
            change, entries = taken_back(Money(taken, amount.currency), Money(left, amount.currency), status)
            assert change.taken_minor == taken
            reversed_minor += taken if change.taken_as == "reversal" else 0
            clawed_back_minor += taken if change.taken_as == "clawback" else 0
        else:
            change, entries = Change(action), moved(Money(left, amount.currency), status, action)
        changes.append(change)
        status = change.status
