"""What is used of limits while a replay goes on: by rule, referrer and period, in memory."""

import heapq
from collections.abc import Collection, Hashable, Sequence
from datetime import date, datetime
from typing import Any

from webapp.domain.facts import Facts, Used
from webapp.domain.limits import Limit, Limits, Scope
from webapp.domain.money import Money
from webapp.domain.periods import Period, Window, ends_of_day, local_day, window_of
from webapp.domain.quotes import Quote, convert
from webapp.domain.refunds import still_earned
from webapp.domain.replaying.editions import Edition, History
from webapp.domain.replaying.happened import Happened


class Calendar:
    """The day, week, month and year of moments that never go back, in the program's time zone."""

    def __init__(self, time_zone: str) -> None:
        self.time_zone = time_zone
        self.month = date.min
        self.windows: dict[Period, Window] = {}
        self._ends: datetime | None = None

    def turn_to(self, moment: datetime) -> bool:
        """Say whether another day than that of the last moment has begun."""
        if self._ends is not None and moment < self._ends:
            return False
        day = local_day(moment, self.time_zone)
        self._ends = ends_of_day(day, self.time_zone)[1]
        self.month = day.replace(day=1)
        periods: tuple[Period, ...] = ("day", "week", "month", "year", "lifetime")
        self.windows = {period: window_of(period, moment, self.time_zone) for period in periods}
        return True


class Counter:
    """What one rule gave within one period, to all or to one referrer's friends and themselves: still kept of it."""

    __slots__ = ("minor", "rewards")

    def __init__(self) -> None:
        self.rewards = 0
        self.minor: dict[str, int] = {}

    def used_of(self, limit: Limit) -> int:
        """Return how many rewards, or minor units, are used of a limit."""
        return self.rewards if limit.amount is None else self.minor.get(limit.amount.currency, 0)


class Budget:
    """What a rule gave to all within one period; `ran_out_at` is when the last of its limit was given."""

    __slots__ = ("counter", "limit", "ran_out_at", "window")

    def __init__(self, window: Window, counter: Counter) -> None:
        self.window, self.counter = window, counter
        self.limit: Limit | None = None
        self.ran_out_at: datetime | None = None


class _Shelf:
    """The counters of one scope and kind of period, for the period that goes on."""

    __slots__ = ("counters", "period", "scope", "window")

    def __init__(self, scope: Scope, period: Period) -> None:
        self.scope, self.period = scope, period
        self.window: Window | None = None
        self.counters: dict[Hashable, Counter] = {}


class Room:
    """What was used of the limits of one rule, of whichever of its versions: those before used it too."""

    def __init__(self, rule: History) -> None:
        limits = [edition.definition.limits for edition in rule.editions]
        kinds = dict.fromkeys((limit.scope, limit.period) for one in limits if one for limit in one.each)
        self._shelves = {kind: _Shelf(*kind) for kind in kinds}
        # Whether any version has limits, so that what is given has to be counted.
        self.is_limited = bool(kinds)
        amounts = [limit.amount for one in limits if one for limit in one.each]
        self._currencies = frozenset(amount.currency for amount in amounts if amount is not None)
        self.budgets: list[Budget] = []

    def turn_to(self, windows: dict[Period, Window]) -> None:
        """Begin anew for every period that is over."""
        for shelf in self._shelves.values():
            if shelf.window != windows[shelf.period]:
                shelf.window, shelf.counters = windows[shelf.period], {}
                if shelf.scope == "program":
                    counter = shelf.counters[None] = Counter()
                    self.budgets.append(Budget(shelf.window, counter))

    def used(self, limits: Limits, referrer: Hashable) -> dict[str, Used]:
        """Return what is used of each limit of a rule, as facts hold it."""
        windows = {limit.scope: self._shelves[limit.scope, limit.period].window for limit in limits.each}
        return {
            limit.scope: Used(self._used_of(limit, referrer), windows[limit.scope] or Window()) for limit in limits.each
        }

    def left_of(
        self, minor: int, currency: str, limits: Limits, referrer: Hashable, quotes: Sequence[Quote] = ()
    ) -> int:
        """Return how much of a reward its limits leave: what `Limits.apply` says, without the words."""
        least = minor
        for limit in (limits.per_referrer, limits.program):
            if limit is None:
                continue
            used = self._used_of(limit, referrer)
            if limit.amount is None or limit.amount.currency == currency or not quotes:
                least = min(least, limit.leaves(minor, currency, used))
            else:
                pays = limit.check(Money(minor, currency), used, quotes).pays
                least = min(least, pays.minor if pays else 0)
        return least

    @property
    def currencies(self) -> frozenset[str]:
        """In which currencies its limits count what was given."""
        return self._currencies

    def counters(self, referrer: Hashable) -> list[Counter]:
        """Return the counters to which a reward belongs that is given now."""
        found = []
        for shelf in self._shelves.values():
            name = None if shelf.scope == "program" else referrer
            counter = shelf.counters.get(name)
            if counter is None:
                counter = shelf.counters[name] = Counter()
            found.append(counter)
        return found

    def note_budget(self, limit: Limit | None, moment: datetime) -> None:
        """Note when the last of a limit for the whole program was given."""
        if limit is None:
            return
        window = self._shelves["program", limit.period].window
        budget = next(one for one in reversed(self.budgets) if one.window == window)
        budget.limit = limit
        if budget.ran_out_at is None and budget.counter.used_of(limit) >= limit.most:
            budget.ran_out_at = moment

    def _used_of(self, limit: Limit, referrer: Hashable) -> int:
        counter = self._shelves[limit.scope, limit.period].counters.get(None if limit.scope == "program" else referrer)
        return 0 if counter is None else counter.used_of(limit)


class Given:
    """A reward that uses room: what is kept of it counts, and nothing while a person has rejected it."""

    __slots__ = ("counted", "counters", "currency", "is_rejected", "kept", "others", "quotes")

    def __init__(
        self,
        counters: list[Counter],
        minor: int,
        currency: str,
        others: Collection[str] = (),
        quotes: Sequence[Quote] = (),
    ) -> None:
        """Of limits in `others`, currencies besides its own, it uses what it is worth by the quotes."""
        self.counters, self.currency = counters, currency
        self.others, self.quotes = others, quotes
        self.kept, self.counted, self.is_rejected = minor, 0, False
        self.settle()

    def settle(self) -> None:
        """Bring the counters to what counts of it now."""
        now = 0 if self.is_rejected else self.kept
        for counter in self.counters:
            counter.minor[self.currency] = counter.minor.get(self.currency, 0) + now - self.counted
            counter.rewards += (now > 0) - (self.counted > 0)
            for other in self.others:
                counter.minor[other] = (
                    counter.minor.get(other, 0) + self._worth(now, other) - self._worth(self.counted, other)
                )
        self.counted = now

    def _worth(self, minor: int, currency: str) -> int:
        worth = convert(Money(minor, self.currency), currency, self.quotes)
        return 0 if worth is None else worth.minor


class Later:
    """What is known to happen to rewards later, by its moment."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Given, str, Any]] = []
        self._numbers = 0

    def add(self, at: datetime, given: Given, what: str, value: Any) -> None:
        """Let `what` of a reward, "kept" or "is_rejected", become a value at a moment."""
        self._numbers += 1
        heapq.heappush(self._waiting, (at, self._numbers, given, what, value))

    def pass_until(self, moment: datetime) -> None:
        """Let everything happen that did so up to a moment."""
        while self._waiting and self._waiting[0][0] <= moment:
            self._pass()

    def pass_all(self) -> None:
        """Let everything happen that is known."""
        while self._waiting:
            self._pass()

    def _pass(self) -> None:
        _at, _number, given, what, value = heapq.heappop(self._waiting)
        setattr(given, what, value)
        given.settle()


def kept_after_refunds(
    granted: int, edition: Edition, facts: Facts, happened: Happened
) -> Sequence[tuple[datetime, int]]:
    """Return what is still earned of a reward after each refund of its conversion.

    Never more than after the last, unless a dispute was won.
    """
    rule, kept, refunded, standing, told = edition.definition, granted, 0, 0, []
    asks = bool(happened.amount_minor and rule.when is not None and rule.when.asks_for_amount)
    for refund in happened.refunds:
        refunded += refund.minor
        standing += refund.stands
        is_met = not asks or rule.is_met_after_refunds(facts, (happened.amount_minor or 0) - refunded)
        earned = still_earned(
            granted,
            proportional=rule.settings.proportional,
            amount_minor=happened.amount_minor,
            refunded_minor=refunded,
            refunds=standing,
            is_met=is_met,
        )
        kept = min(kept, earned) if refund.stands > 0 else earned
        told.append((refund.at, kept))
    return told
