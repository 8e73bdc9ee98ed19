"""What rewards are worth, each in its form: money, store credit and what else there is are never added up."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.domain.money import Money
from webapp.domain.rewards import FORMS


@dataclass(frozen=True, slots=True)
class Worth:
    """What one reward or several of one form are worth. Coupons have no amount and are counted."""

    form: str
    amount: Money
    count: int = 1


def together(each: Iterable[Worth], *, first: str) -> list[Worth]:
    """Add up what is of one form and currency: money before all else, the currency `first` before the others."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in each:
        # The currency of a coupon says nothing.
        key = (one.form, "" if one.form == "coupon" else one.amount.currency)
        minor, count = sums.get(key, (0, 0))
        sums[key] = (minor + one.amount.minor, count + one.count)
    order = sorted(sums, key=lambda key: (FORMS.index(key[0]), key[1] != first, key[1]))
    return [Worth(form, Money(sums[form, one][0], one or first), sums[form, one][1]) for form, one in order]
