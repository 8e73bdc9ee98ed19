"""Figures of a period as pages show them: the value, how it changed, what it means, and a small line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from webapp.domain.definitions import DEFINITIONS
from webapp.domain.money import Money
from webapp.formatting import money, money_whole, number, percent
from webapp.queries.analytics import NO_AMOUNTS, Amounts, PeriodRows, in_order
from webapp.views.figures import FEWEST_FOR_PERCENT, FurtherAmount, change_in_words


@dataclass(frozen=True, slots=True)
class Meaning:
    """A figure's name and definition, in the reader's language."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `value` is the bare number, in minor units for money; None when there is nothing to divide by.

    `change` is words, `direction` "up", "down" or "same"; only what is good to have more of `is_welcome`.
    """

    meaning: Meaning
    value: int | None
    display: str
    note: str = ""
    change: str = ""
    direction: str = "same"
    is_welcome: bool = True
    spark: list[int] = field(default_factory=list)
    further: list[FurtherAmount] = field(default_factory=list)


def meaning(key: str) -> Meaning:
    """Return what a figure means."""
    definition = DEFINITIONS[key]
    return Meaning(key, _(definition.label), _(definition.text))


def count_measure(key: str, now: PeriodRows, before: PeriodRows) -> Measure:
    """Return a figure that is counted."""
    value, earlier = getattr(now.counts, key), getattr(before.counts, key)
    return Measure(
        meaning(key),
        value,
        number(value),
        note=_("from %(before)s", before=number(earlier)) if value or earlier else "",
        change=change_in_words(value, earlier),
        direction=direction(value, earlier),
        spark=[getattr(row.counts, key) for row in now.days],
    )


def money_measure(
    key: str,
    of: Callable[[Amounts], int],
    now: PeriodRows,
    before: PeriodRows,
    *,
    currency: str,
    is_welcome: bool = True,
) -> Measure:
    """Return a figure of money: the program's currency first, and how it changed; then the others."""
    amounts, earlier = now.amounts, before.amounts
    value, earlier_value = (of(found.get(currency, NO_AMOUNTS)) for found in (amounts, earlier))
    was = money_whole(Money(earlier_value, currency))
    # From next to nothing any amount is thousands of percent.
    enough = before.counts.purchases >= FEWEST_FOR_PERCENT and 0 < value <= 10 * earlier_value
    return Measure(
        meaning(key),
        value,
        money_whole(Money(value, currency)),
        note=_("from %(before)s", before=was) if value or earlier_value else "",
        change=_change(value, earlier_value, currency, in_percent=enough),
        direction=direction(value, earlier_value),
        is_welcome=is_welcome,
        spark=[max(0, of(row.amounts.get(currency, NO_AMOUNTS))) for row in now.days],
        further=[
            FurtherAmount(other, of(amounts[other]), money_whole(Money(of(amounts[other]), other)))
            for other in in_order(amounts, currency)[1:]
            if of(amounts[other])
        ],
    )


def direction(value: int, before: int) -> str:
    """Say where a figure went."""
    return "same" if value == before else "up" if value > before else "down"


def share(part: int, whole: int, *, decimals: int = 0) -> str:
    """Return a share in percent; nothing for a share of too few."""
    return percent(part, whole, decimals=decimals) if whole >= FEWEST_FOR_PERCENT else ""


def amounts_in_words(amounts: Mapping[str, Amounts], of: Callable[[Amounts], int], currency: str) -> list[str]:
    """Return exact amounts: the program's currency always, then the others that are not nothing."""
    return [
        money(Money(of(amounts.get(one, NO_AMOUNTS)), one))
        for one in in_order(amounts, currency)
        if one == currency or of(amounts[one])
    ]


def together(parts: Sequence[str]) -> str:
    """Join amounts of several currencies, which are never added up."""
    return " + ".join(parts)


def revenue(amounts: Amounts) -> int:
    return amounts.revenue


def cost(amounts: Amounts) -> int:
    return amounts.cost


def _change(value: int, before: int, currency: str, *, in_percent: bool) -> str:
    if value == before:
        return _("same") if value else ""
    if in_percent:
        return percent(abs(value - before), before)
    difference = money_whole(Money(abs(value - before), currency))
    return _("%(count)s more", count=difference) if value > before else _("%(count)s less", count=difference)
