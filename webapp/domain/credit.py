"""Store credit: how much of it there is to spend, which rewards a redemption takes it from, and what a refund takes.

A part of a reward that was redeemed stands in the account `paid`, the rest in
that of the reward's status. A reward is `paid` when nothing of it is left to
redeem.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from webapp.domain.ledger import Posting, move
from webapp.domain.money import Money
from webapp.domain.rewards import Change, Status, StatusError, given_back, taken_back

KeyT = TypeVar("KeyT")

# What a reward of which a part is redeemed can be.
REDEEMABLE: frozenset[Status] = frozenset({"approved", "paid"})


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption takes of one reward, and where that leaves it."""

    minor: int
    status: Status


def available_minor(approved_minor: int, clawback_minor: int) -> int:
    """Return what can be spent: what is approved, less what is owed, never below 0.

    `clawback_minor` is what stands in that account, so not above zero.
    """
    return max(0, approved_minor + clawback_minor)


def parts_of(amount_minor: int, open_minor: Iterable[tuple[KeyT, int]]) -> list[tuple[KeyT, Redeemed]]:
    """Take an amount from rewards in their order, of which so much is not redeemed yet; of the last one only a part.

    ValueError when they do not hold as much.
    """
    parts: list[tuple[KeyT, Redeemed]] = []
    for key, there in open_minor:
        if not amount_minor:
            break
        if there <= 0:
            continue
        taken = min(amount_minor, there)
        amount_minor -= taken
        parts.append((key, Redeemed(taken, "paid" if taken == there else "approved")))
    if amount_minor:
        raise ValueError("more would be redeemed than there is")
    return parts


def redeemed(amount: Money) -> tuple[Posting, Posting]:
    """Return the entries of what is redeemed."""
    return move(amount, "approved", "paid")


def not_redeemed(amount: Money) -> tuple[Posting, Posting]:
    """Return the entries of a redemption that was undone."""
    return move(amount, "paid", "approved")


def credit_taken_back(
    amount: Money, left: Money, redeemed_minor: int, status: Status
) -> list[tuple[Change, tuple[Posting, ...]]]:
    """Take an amount above zero back of store credit: what is not redeemed as a reversal, the rest as a clawback.

    `left` is what was granted less what was reversed before. The changes follow
    each other. StatusError for a reward of which nothing can be taken back.
    """
    if not redeemed_minor:
        return [taken_back(amount, left, status)]
    if status not in REDEEMABLE:
        raise StatusError(f"a reward that is {status} was redeemed in part")
    currency, still_open = amount.currency, left.minor - redeemed_minor
    reversal = min(amount.minor, still_open)
    steps: list[tuple[Change, tuple[Posting, ...]]] = []
    if reversal:
        # What is left of it is redeemed: there is nothing more to do.
        status = "paid" if reversal == still_open else status
        steps.append((Change(status, reversal, "reversal"), move(Money(reversal, currency), "approved", "expense")))
    if clawback := amount.minor - reversal:
        steps.append((Change(status, clawback, "clawback"), move(Money(clawback, currency), "clawback", "expense")))
    return steps


def credit_given_back(
    amount: Money, status: Status, former: Status, reversed_minor: int, owed_minor: int
) -> list[tuple[Change, tuple[Posting, Posting]]]:
    """Give an amount above zero back of store credit: what is owed first, as a clawback, the rest as a reversal.

    So what comes back can be spent, and what was spent does not come back. It
    is the other way round than it was taken. `owed_minor` is what is owed for
    this reward, `reversed_minor` and `former` are as of any reward. StatusError
    when it is more than both, or the reward was rejected.
    """
    settled = min(amount.minor, max(0, owed_minor))
    rest = Money(amount.minor - settled, amount.currency)
    if rest.minor > reversed_minor:
        raise StatusError("more would be given back than was taken")
    steps: list[tuple[Change, tuple[Posting, Posting]]] = []
    if settled:
        part = Money(settled, amount.currency)
        steps.append((Change(status, -settled, "clawback"), move(part, "expense", "clawback")))
    if rest.minor:
        # There is something left to redeem again.
        opened: Status = "approved" if status == "paid" else status
        steps += given_back(rest, opened, former, reversed_minor)
    return steps
