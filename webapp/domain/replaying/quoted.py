"""Which exchange quotes count, asked about moments that never go back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from webapp.domain.quotes import Pair, Quote


class Added(NamedTuple):
    """A quote and when it was added, which may be after the moment from which it counts."""

    quote: Quote
    at: datetime


class Quotes:
    """The quotes of a program, the one that counts of two for the same moment last."""

    def __init__(self, quotes: Sequence[Added]) -> None:
        # The order of those for the same moment stays.
        self._waiting = sorted(quotes, key=lambda added: added.quote.valid_from)[::-1]
        self._valid: dict[Pair, list[Added]] = {}
        self._now: tuple[Quote, ...] = ()
        # From when on all that are valid were known.
        self._known_from: datetime | None = None

    def at(self, moment: datetime, told_at: datetime) -> tuple[Quote, ...]:
        """Return the newest quote of each pair of currencies that is valid at a moment, of those known at `told_at`."""
        if self._waiting and self._waiting[-1].quote.valid_from <= moment:
            while self._waiting and self._waiting[-1].quote.valid_from <= moment:
                added = self._waiting.pop()
                self._valid.setdefault(added.quote.pair, []).append(added)
                self._known_from = max(added.at, self._known_from or added.at)
            self._now = tuple(of_pair[-1].quote for of_pair in self._valid.values())
        if self._known_from is None or self._known_from <= told_at:
            return self._now
        known = ([added.quote for added in of_pair if added.at <= told_at] for of_pair in self._valid.values())
        return tuple(of_pair[-1] for of_pair in known if of_pair)
