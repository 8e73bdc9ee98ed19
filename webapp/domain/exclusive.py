"""Rules of which only one pays: of each group the one that is worth most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webapp.domain.facts import Better
from webapp.domain.money import Money

Convert = Callable[[Money, str], Money | None]


@dataclass(frozen=True, slots=True)
class Contender:
    """What one rule pays for a conversion by itself. `group` is None for a rule that shares with nobody."""

    rule: str
    group: str | None
    amount: Money | None


def losers(contenders: Sequence[Contender], currency: str | None, convert: Convert) -> dict[int, Better]:
    """Return which of these rules, the older ones first, do not pay, by their place, and what pays in their stead.

    Amounts are compared as money in the conversion's currency, or, when it has
    none, in that of the oldest that pays. What cannot be converted is worth
    less than all that can, and what has no amount, a coupon, less than any
    money. Of those worth the same the older one pays.
    """
    beaten: dict[int, Better] = {}
    for group in dict.fromkeys(one.group for one in contenders if one.group is not None):
        paying = [(place, one, one.amount) for place, one in enumerate(contenders) if one.group == group and one.amount]
        if len(paying) < 2:
            continue
        into = currency or next((amount.currency for _place, _one, amount in paying if amount.minor), "")
        # Python's max takes the first of several that are worth the same.
        place, best, amount = max(paying, key=lambda one: _worth(one[2], into, convert))
        beaten |= {other: Better(best.rule, amount) for other, _one, _amount in paying if other != place}
    return beaten


def _worth(amount: Money, currency: str, convert: Convert) -> int:
    if not amount.minor:
        return -2
    converted = convert(amount, currency)
    return -1 if converted is None else converted.minor
