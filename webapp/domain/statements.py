"""A statement of a person's accounts: what stood in them, what moved, and what stands in them since.

Each transaction is of one kind, so that what stood there and all that moved
give what stands there since, account by account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from webapp.domain.ledger import ACCOUNTS, Account
from webapp.domain.rewards import FORMS, Form

Kind = Literal["granted", "given_back", "taken_back", "moved"]
KINDS: tuple[Kind, ...] = ("granted", "given_back", "taken_back", "moved")

# What is owed to a person or will be, less what they owe: all but what was paid, and the other side of it all.
DUE: tuple[Account, ...] = tuple(account for account in ACCOUNTS if account not in ("expense", "paid"))

Amounts = Mapping[Account, int]
# What is never added up: a form, and a currency.
Book = tuple[Form, str]


@dataclass(frozen=True, slots=True)
class Books:
    """The accounts of one person in one form and currency over a stretch of time, in minor units."""

    form: Form
    currency: str
    opening: Amounts
    movements: Mapping[Kind, Amounts]

    @property
    def closing(self) -> dict[Account, int]:
        """What stands in each account in the end."""
        parts = (self.opening, *self.movements.values())
        return {account: sum(part.get(account, 0) for part in parts) for account in ACCOUNTS}


def due(amounts: Amounts) -> int:
    """Return what is not paid yet of these amounts, which may be below zero."""
    return sum(amounts.get(account, 0) for account in DUE)


def kind_of(amounts: Amounts, *, first: bool) -> Kind:
    """Say what a transaction did. `first` is that of a grant; what comes back later was taken before."""
    expense = amounts.get("expense", 0)
    if expense > 0:
        return "taken_back"
    if expense < 0:
        return "granted" if first else "given_back"
    return "moved"


def books_of(
    opening: Mapping[Book, Amounts], transactions: Iterable[tuple[Book, Kind, Amounts]], *, first: str
) -> list[Books]:
    """Return the books of each form and currency that have anything in them: money, and the currency `first`, first."""
    movements: dict[Book, dict[Kind, dict[Account, int]]] = {}
    for book, kind, amounts in transactions:
        sums = movements.setdefault(book, {}).setdefault(kind, {})
        for account, minor in amounts.items():
            sums[account] = sums.get(account, 0) + minor
    stood = {book for book, amounts in opening.items() if any(amounts.values())}
    return [
        Books(*book, opening.get(book, {}), movements.get(book, {}))
        for book in sorted(stood | movements.keys(), key=lambda one: (FORMS.index(one[0]), one[1] != first, one[1]))
    ]
