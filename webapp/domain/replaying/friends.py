"""Who counts while a replay goes on, under rules that pay by the number of friends: in memory.

What is known to be refunded whole never counts, from the start, so that what
comes out is what rewards end at when all is known. A step that holds for its
whole period needs to know how far the period will get: those are counted in a
pass of their own beforehand, and handed over as `foreseen`.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime

from webapp.domain.facts import Facts
from webapp.domain.periods import Period, Window
from webapp.domain.refunds import is_refunded_whole
from webapp.domain.registry import Counting, counting_of
from webapp.domain.replaying.editions import Asked, History
from webapp.domain.replaying.happened import Happened

# How many friends of a referrer come to count by the end of a period; and for a friend, alone in a tuple, that they do.
Foreseen = Mapping[tuple[Hashable, Period, datetime | None], int]


class Friends:
    """The friends who count under one rule, whichever of its versions."""

    def __init__(self, rule: History, foreseen: Foreseen, since: datetime) -> None:
        ways = [counting_of(edition.definition.settings) for edition in rule.editions]
        self.periods: tuple[Period, ...] = tuple(dict.fromkeys(way.period for way in ways if way is not None))
        self._steps = next((way.steps for way in reversed(ways) if way is not None), ())
        # Refunds can break conditions: then something may be left of a share by which its friend does not count.
        self._pays_beside = any(edition.definition.when is not None for edition in rule.editions)
        self.foresees = any(way is not None and way.of == "period" for way in ways)
        self.ends: dict[tuple[Hashable, Period, datetime | None], int] = {}
        # How many friends each referrer came to have within one period, of those who had one more since `since`.
        self.reached: dict[Hashable, int] = {}
        self._since, self._foreseen = since, foreseen
        self._windows: dict[Period, Window] = {}
        self._known: set[Hashable] = set()
        self._numbers: dict[tuple[Period, Hashable], int] = {}

    def turn_to(self, windows: Mapping[Period, Window]) -> None:
        """Begin anew for every period that is over."""
        for period in self.periods:
            if self._windows.get(period) != windows[period]:
                self._windows[period] = windows[period]
                self._numbers = {key: number for key, number in self._numbers.items() if key[0] != period}

    def told(self, asked: Asked, facts: Facts, happened: Happened) -> Facts:
        """Return facts with the friends who count, and let the friend count from here on if it is for that."""
        counting = counting_of(asked.edition.definition.settings)
        if counting is None or not _is_for(asked, facts):
            return facts
        is_one_more = False
        if happened.friend not in self._known and not _is_gone(asked, facts, happened):
            self._known.add(happened.friend)
            is_one_more = True
            for period in self.periods:
                key = (period, happened.referrer)
                number = self._numbers[key] = self._numbers.get(key, 0) + 1
                self.ends[happened.referrer, period, self._windows[period].since] = number
                if self.foresees and self._pays_beside:
                    self.ends[(happened.friend,), period, self._windows[period].since] = 1
                if happened.occurred_at >= self._since:
                    self.reached[happened.referrer] = max(number, self.reached.get(happened.referrer, 0))
        return replace(facts, friends=self._friends(counting, happened), is_new_friend=is_one_more)

    def steps_reached(self) -> list[tuple[int, tuple[Hashable, ...]]]:
        """Return each step of the rule's last version that counts, and who came to it or beyond since `since`."""
        if not self._steps:
            return []
        return [(step, tuple(who for who, number in self.reached.items() if number >= step)) for step in self._steps]

    def _friends(self, counting: Counting, happened: Happened) -> int:
        # Whoever pays is one of them, also where too little was left of it for them to count.
        also = int(self._pays_beside and happened.friend not in self._known)
        if counting.of == "period":
            here = (counting.period, self._windows[counting.period].since)
            also = max(0, also - self._foreseen.get(((happened.friend,), *here), 0))
            return self._foreseen.get((happened.referrer, *here), 0) + also
        return self._numbers.get((counting.period, happened.referrer), 0) + also


def _is_for(asked: Asked, facts: Facts) -> bool:
    """Say what `RuleDefinition.qualifies` says, with the conditions as a test."""
    rule = asked.edition.definition
    if rule.starts_at is not None and facts.occurred_at < rule.starts_at:
        return False
    if rule.ends_at is not None and facts.occurred_at >= rule.ends_at:
        return False
    if rule.settings.proportional and facts.amount is None:
        return False
    return asked.is_for is None or asked.is_for(facts)


def _is_gone(asked: Asked, facts: Facts, happened: Happened) -> bool:
    """Say whether refunds have left too little of a conversion for the friend to count by it."""
    minor, standing = sum(one.minor for one in happened.refunds), sum(one.stands for one in happened.refunds)
    if not happened.refunds:
        return False
    if is_refunded_whole(happened.amount_minor, minor, standing):
        return True
    return minor > 0 and not asked.edition.definition.is_met_after_refunds(facts, (happened.amount_minor or 0) - minor)
