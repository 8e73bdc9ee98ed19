"""What a rule may look at, and what it can answer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webapp.domain.money import Money
from webapp.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Facts:
    """One conversion, as rules see it.

    `amount` is None when none was reported. `nth_purchase` counts the friend's
    conversions of the same type by the moment they happened, this one
    included, refunded ones too.
    """

    type: str
    occurred_at: datetime
    amount: Money | None = None
    nth_purchase: int = 1


@dataclass(frozen=True, slots=True)
class Earned:
    """What a rule pays, with the arithmetic."""

    amount: Money
    because: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a rule pays nothing: a reason code for programs and a sentence for people."""

    code: str
    because: Sentence


def facts(*, amount: str | None = None, nth_purchase: int = 1, type: str = "purchase") -> Facts:
    """Make facts for an example, with the amount as in "49.99 EUR"."""
    return Facts(type, datetime(2026, 1, 1, tzinfo=UTC), Money.parse(amount) if amount else None, nth_purchase)


def to_stored(facts: Facts) -> dict[str, Any]:
    """Return facts as JSON can hold them."""
    stored: dict[str, Any] = {
        "type": facts.type,
        "occurred_at": facts.occurred_at.isoformat(),
        "nth_purchase": facts.nth_purchase,
    }
    if facts.amount is not None:
        stored |= {"amount": facts.amount.minor, "currency": facts.amount.currency}
    return stored


def from_stored(stored: dict[str, Any]) -> Facts:
    """Return the facts that `to_stored` was given."""
    amount = Money(stored["amount"], stored["currency"]) if "amount" in stored else None
    return Facts(stored["type"], datetime.fromisoformat(stored["occurred_at"]), amount, stored["nth_purchase"])
