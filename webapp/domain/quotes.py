"""What a currency is worth in another one, as the program says: to compare amounts, never to pay them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from webapp.domain.money import EXPONENTS, Money
from webapp.domain.sentences import N_, Sentence

RATE_PROBLEM = 'must be a number above 0 as text, as in "1.0842", with at most ten digits before and after the point'
_RATE = re.compile(r"(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,10})?", re.ASCII)

# Two currencies, whichever comes first.
Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Quote:
    """One of the currency `base` is `rate` of the currency `counter`, for what happens from `valid_from` on.

    The rate is exact, as text. ValueError for anything that is no quote.
    """

    base: str
    counter: str
    rate: str
    valid_from: datetime

    def __post_init__(self) -> None:
        if self.base not in EXPONENTS or self.counter not in EXPONENTS or self.base == self.counter:
            raise ValueError("a quote is of two currencies that are legal tender today")
        if not _RATE.fullmatch(self.rate) or not Fraction(self.rate):
            raise ValueError(RATE_PROBLEM)

    @property
    def pair(self) -> Pair:
        """The currencies that it compares."""
        return frozenset((self.base, self.counter))

    def minor_ratio(self, source: str) -> Fraction:
        """Return how many minor units of the other currency one minor unit of `source`, one of its own, is worth."""
        minor = Fraction(self.rate) * Fraction(10) ** (EXPONENTS[self.counter] - EXPONENTS[self.base])
        return minor if source == self.base else 1 / minor

    def in_words(self) -> Sentence:
        """Say it, as in "1.0842 USD for 1 EUR, quote of 3 May"."""
        return Sentence(
            N_("%(rate)s %(counter)s for 1 %(base)s, quote of %(day)s"),
            {"rate": self.rate, "counter": self.counter, "base": self.base, "day": self.valid_from},
        )


def quote_for(source: str, target: str, quotes: Iterable[Quote]) -> Quote | None:
    """Return the quote of two currencies among these, of which there is one at most; None without one."""
    pair = frozenset((source, target))
    return next((quote for quote in quotes if quote.pair == pair), None)


def convert(money: Money, target: str, quotes: Iterable[Quote]) -> Money | None:
    """Return what an amount that is not negative is worth in another currency, rounded half up once.

    By the quote of the two currencies, whichever way round it is stored. None
    when there is no such quote; an amount in this currency is worth itself.
    """
    if money.currency == target:
        return money
    quote = quote_for(money.currency, target, quotes)
    if quote is None:
        return None
    return Money(_rounded(money.minor * quote.minor_ratio(money.currency)), target)


def largest_within(limit: Money, currency: str, quotes: Iterable[Quote]) -> Money | None:
    """Return the largest amount in a currency that is worth, rounded half up, at most `limit`; None without a quote."""
    quote = quote_for(currency, limit.currency, quotes)
    if quote is None:
        return limit if currency == limit.currency else None
    # Rounded half up it is too much from (limit + 1/2) on, that included.
    bound = (limit.minor + Fraction(1, 2)) / quote.minor_ratio(currency)
    return Money(-((-bound.numerator) // bound.denominator) - 1, currency)


def to_stored(quote: Quote) -> dict[str, str]:
    """Return a quote as JSON can hold it."""
    return {
        "base": quote.base,
        "counter": quote.counter,
        "rate": quote.rate,
        "valid_from": quote.valid_from.isoformat(),
    }


def from_stored(stored: dict[str, str]) -> Quote:
    """Return the quote that `to_stored` was given."""
    moment = datetime.fromisoformat(stored["valid_from"])
    return Quote(stored["base"], stored["counter"], stored["rate"], moment)


def _rounded(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
