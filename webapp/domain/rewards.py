"""The life of a reward: its statuses, which follows which, and what each means for the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from webapp.domain.ledger import Account, Posting, move
from webapp.domain.money import Money

Status = Literal["pending", "held", "approved", "in_payout", "paid", "rejected", "reversed"]
Taking = Literal["reversal", "clawback"]

NEXT: dict[Status, frozenset[Status]] = {
    "pending": frozenset({"approved", "held", "reversed"}),
    "held": frozenset({"pending", "approved", "rejected", "reversed"}),
    "approved": frozenset({"in_payout", "held", "reversed"}),
    "in_payout": frozenset({"paid", "approved"}),
    "paid": frozenset(),
    # An appeal only.
    "rejected": frozenset({"held"}),
    # A dispute that was won: back to what it was.
    "reversed": frozenset({"pending", "held", "approved"}),
}
STATUSES: tuple[Status, ...] = tuple(NEXT)
# From here on what is taken back is a clawback.
FROZEN: frozenset[Status] = frozenset({"in_payout", "paid"})

_ACCOUNT: dict[Status, Account] = {
    "pending": "pending",
    "held": "held",
    "approved": "approved",
    "in_payout": "in_payout",
    "paid": "paid",
    # Nothing is owed any more: the expense was taken back.
    "rejected": "expense",
    "reversed": "expense",
}


class StatusError(ValueError):
    """A reward cannot go from where it stands to where it was sent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One event of a reward's history: where it stands afterwards, and what was taken back by it.

    `taken_minor` is 0 unless something was taken back.
    """

    status: Status
    taken_minor: int = 0
    taken_as: Taking | None = None


def account_of(status: Status) -> Account:
    """Return the account in which what is left of a reward stands."""
    return _ACCOUNT[status]


def left_of(granted_minor: int, changes: Iterable[Change]) -> int:
    """Return what is left of a reward in the account of its status: a clawback leaves it there."""
    return granted_minor - sum(change.taken_minor for change in changes if change.taken_as == "reversal")


def granted(amount: Money, status: Status) -> tuple[Posting, Posting]:
    """Return the entries of a new reward."""
    return move(amount, "expense", account_of(status))


def moved(left: Money, old: Status, new: Status) -> tuple[Posting, ...]:
    """Return the entries of a change of status. StatusError when it is not a step that a reward can take."""
    if new not in NEXT[old]:
        raise StatusError(f"a reward that is {old} cannot become {new}")
    return move(left, account_of(old), account_of(new)) if left.minor and account_of(old) != account_of(new) else ()


def taken_back(amount: Money, left: Money, status: Status) -> tuple[Change, tuple[Posting, Posting]]:
    """Take back an amount above zero from what is left of a reward: the change and its entries.

    Before a payout is frozen it is a reversal, and the last cent of it ends the
    reward; afterwards a clawback, which the person owes. StatusError for a
    reward of which nothing can be taken back.
    """
    if status in ("rejected", "reversed"):
        raise StatusError(f"nothing is left of a reward that is {status}")
    if amount.minor > left.minor:
        raise StatusError("more would be taken back than is left")
    if status in FROZEN:
        return Change(status, amount.minor, "clawback"), move(amount, "clawback", "expense")
    ends = amount.minor == left.minor
    change = Change("reversed" if ends else status, amount.minor, "reversal")
    return change, move(amount, account_of(status), "expense")
