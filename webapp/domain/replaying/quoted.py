"""Which exchange quotes count, asked about moments that never go back."""

from collections.abc import Sequence
from datetime import datetime

from webapp.domain.quotes import Pair, Quote


class Quotes:
    """The quotes of a program, the one that counts of two for the same moment last."""

    def __init__(self, quotes: Sequence[Quote]) -> None:
        # The order of those for the same moment stays.
        self._waiting = sorted(quotes, key=lambda quote: quote.valid_from)[::-1]
        self._by_pair: dict[Pair, Quote] = {}
        self._now: tuple[Quote, ...] = ()

    def at(self, moment: datetime) -> tuple[Quote, ...]:
        """Return the newest quote of each pair of currencies that is valid at a moment."""
        if self._waiting and self._waiting[-1].valid_from <= moment:
            while self._waiting and self._waiting[-1].valid_from <= moment:
                quote = self._waiting.pop()
                self._by_pair[quote.pair] = quote
            self._now = tuple(self._by_pair.values())
        return self._now
