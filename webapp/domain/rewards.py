"""The life of a reward: its statuses, which follows which, and what each means for the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from webapp.domain.ledger import Account, Posting, move
from webapp.domain.money import Money

Status = Literal["pending", "held", "approved", "in_payout", "paid", "rejected", "reversed"]
# What taking back was, and what giving back undoes. A write-off gives back what will never be asked for.
Taking = Literal["reversal", "clawback", "write_off"]
# What a reward is given as: money, store credit, a coupon out of a pool, or something else that somebody sees to.
Form = Literal["cash", "credit", "coupon", "custom"]
FORMS: tuple[Form, ...] = ("cash", "credit", "coupon", "custom")
# Those that the ledger knows; a coupon has no amount.
IN_LEDGER: tuple[Form, ...] = ("cash", "credit", "custom")

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


def next_of(status: Status, form: Form) -> frozenset[Status]:
    """Return what can follow a status. Only money is put into a payout; all else is paid once it is fulfilled."""
    if form == "cash" or status != "approved":
        return NEXT[status]
    return NEXT[status] - {"in_payout"} | {"paid"}


class StatusError(ValueError):
    """A reward cannot go from where it stands to where it was sent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One event of a reward's history: where it stands afterwards, and what was taken back by it.

    `taken_minor` is 0 unless something was taken back, and below zero when something was given back.
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


def granted(amount: Money, status: Status) -> tuple[Posting, ...]:
    """Return the entries of a new reward: none of one without an amount."""
    return move(amount, "expense", account_of(status)) if amount.minor else ()


def moved(left: Money, old: Status, new: Status, form: Form = "cash") -> tuple[Posting, ...]:
    """Return the entries of a change of status. StatusError when it is not a step that a reward can take."""
    if new not in next_of(old, form):
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


def given_back(
    amount: Money, status: Status, former: Status, reversed_minor: int
) -> list[tuple[Change, tuple[Posting, Posting]]]:
    """Give back an amount above zero of what was taken: one or two changes with their entries.

    Before a payout is frozen a reversal is undone first, of which there were
    `reversed_minor`; one that had ended the reward makes it what it was before,
    `former`. The rest, and all of it once a payout holds the reward, is put
    right in the clawback account, which may so come to hold what we owe. A
    reward that was rejected has ended otherwise: StatusError.
    """
    if status == "rejected":
        raise StatusError("nothing is given back of a reward that was rejected")
    in_account = 0 if status in FROZEN else min(amount.minor, reversed_minor)
    steps: list[tuple[Change, tuple[Posting, Posting]]] = []
    if in_account:
        part = Money(in_account, amount.currency)
        if status == "reversed":
            if former not in NEXT["reversed"]:
                raise StatusError(f"a reward that is reversed cannot become {former}")
            status = former
        steps.append((Change(status, -in_account, "reversal"), move(part, "expense", account_of(status))))
    if in_account < amount.minor:
        rest = Money(amount.minor - in_account, amount.currency)
        steps.append((Change(status, -rest.minor, "clawback"), move(rest, "expense", "clawback")))
    return steps


def written_off(amount: Money, status: Status) -> tuple[Change, tuple[Posting, Posting]]:
    """Write off an amount above zero of what is owed: nobody asks for it any more."""
    return Change(status, -amount.minor, "write_off"), move(amount, "expense", "clawback")


def write_off_ended(amount: Money, status: Status) -> tuple[Change, tuple[Posting, Posting]]:
    """Take a write-off back, of what nobody owes any more because a dispute was won."""
    return Change(status, amount.minor, "write_off"), move(amount, "clawback", "expense")
