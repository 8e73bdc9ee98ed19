"""Double entry: what moves between the accounts of a person when something happens to a reward.

Each person has these accounts in each currency. A positive entry adds to an
account, the entries of a transaction add up to zero, and so do all accounts of
a person together: `expense` holds the other side of what they were granted.
`clawback` is negative while a person owes what was taken back after it had
been frozen into a payout.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from webapp.domain.money import Money

Account = Literal["expense", "pending", "held", "approved", "in_payout", "paid", "clawback"]
ACCOUNTS: tuple[Account, ...] = ("expense", "pending", "held", "approved", "in_payout", "paid", "clawback")


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry: what is added to an account, or taken from it when negative."""

    account: Account
    amount: Money


def move(amount: Money, source: Account, target: Account) -> tuple[Posting, Posting]:
    """Return the two entries that take an amount from one account to another. ValueError unless it is above zero."""
    if amount.minor <= 0:
        raise ValueError("only an amount above zero can be moved")
    return Posting(source, Money(-amount.minor, amount.currency)), Posting(target, amount)


def undone(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return the entries that put back what these have moved."""
    return tuple(Posting(one.account, Money(-one.amount.minor, one.amount.currency)) for one in postings)
