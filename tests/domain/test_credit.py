"""Store credit: what a redemption takes of which rewards, and what a refund takes of what was spent."""

import pytest

from webapp.domain.credit import Redeemed, available_minor, credit_taken_back, parts_of
from webapp.domain.ledger import Posting
from webapp.domain.money import Money
from webapp.domain.rewards import Change, StatusError, moved, next_of


def usd(minor):
    return Money(minor, "USD")


@pytest.mark.parametrize(
    ("approved", "clawback", "available"),
    [(1000, 0, 1000), (1000, -400, 600), (400, -1000, 0), (0, 0, 0)],
)
def test_what_is_owed_comes_off_what_can_be_spent(approved, clawback, available):
    assert available_minor(approved, clawback) == available


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        pytest.param(300, [("old", Redeemed(300, "approved"))], id="a part of the oldest"),
        pytest.param(500, [("old", Redeemed(500, "paid"))], id="all of the oldest"),
        pytest.param(600, [("old", Redeemed(500, "paid")), ("new", Redeemed(100, "approved"))], id="then the next"),
        pytest.param(900, [("old", Redeemed(500, "paid")), ("new", Redeemed(400, "paid"))], id="everything"),
    ],
)
def test_the_oldest_rewards_are_taken_first(amount, parts):
    assert parts_of(amount, [("old", 500), ("used up", 0), ("new", 400)]) == parts


def test_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match="more would be redeemed"):
        parts_of(901, [("old", 500), ("new", 400)])


def moves(source, target, minor):
    return Posting(source, usd(-minor)), Posting(target, usd(minor))


@pytest.mark.parametrize(
    ("taken", "redeemed", "steps"),
    [
        pytest.param(
            1000, 0, [(Change("reversed", 1000, "reversal"), moves("approved", "expense", 1000))], id="nothing spent"
        ),
        pytest.param(
            300, 400, [(Change("approved", 300, "reversal"), moves("approved", "expense", 300))], id="what is not spent"
        ),
        pytest.param(
            600, 400, [(Change("paid", 600, "reversal"), moves("approved", "expense", 600))], id="all that is not spent"
        ),
        pytest.param(
            1000,
            400,
            [
                (Change("paid", 600, "reversal"), moves("approved", "expense", 600)),
                (Change("paid", 400, "clawback"), moves("clawback", "expense", 400)),
            ],
            id="the rest is owed",
        ),
    ],
)
def test_a_refund_takes_first_what_is_not_spent(taken, redeemed, steps):
    assert credit_taken_back(usd(taken), usd(1000), redeemed, "approved") == steps


def test_of_what_is_all_spent_everything_is_owed():
    (step,) = credit_taken_back(usd(1000), usd(1000), 1000, "paid")
    assert step == (Change("paid", 1000, "clawback"), moves("clawback", "expense", 1000))


@pytest.mark.parametrize("form", ["credit", "coupon", "custom"])
def test_only_money_is_put_into_a_payout(form):
    assert next_of("approved", form) == {"paid", "held", "reversed"}
    assert next_of("pending", form) == next_of("pending", "cash")
    assert moved(usd(5), "approved", "paid", form) == moves("approved", "paid", 5)
    with pytest.raises(StatusError):
        moved(usd(5), "approved", "in_payout", form)


def test_money_is_paid_by_a_payout_only():
    with pytest.raises(StatusError):
        moved(usd(5), "approved", "paid", "cash")
