"""Adding up what a replay finds, while it goes on."""

import heapq
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from webapp.domain.money import Money
from webapp.domain.replaying.deciding import SIGNUP, Answer
from webapp.domain.replaying.editions import History
from webapp.domain.replaying.happened import Happened
from webapp.domain.replaying.room import Room
from webapp.domain.replaying.told import (
    STEPS,
    BudgetUse,
    Changed,
    Counts,
    LimitEffect,
    MonthPair,
    Pair,
    ReferrerPair,
    Replayed,
    RulePair,
    Side,
    Step,
    StepPart,
    Trace,
)
from webapp.domain.rules import RuleDefinition

PURCHASE, RENEWAL = "purchase", "renewal"
# How many of the conversions that change most are kept, of each currency.
MOST_CHANGED = 10

Sums = dict[str, list[int]]
# Some rules, what is used of each, and the sides that have them.
Rooms = tuple[Sequence[Side], Sequence[History], Sequence[Room]]
Traces = Callable[[], tuple[list[Trace], list[Trace]]]


class Kept(NamedTuple):
    """What is kept of an answer after all refunds, in minor units: of its worth before limits, and of what is paid.

    `refunds` are what is kept after each of them.
    """

    answer: Answer
    worth: int
    paid: int
    refunds: Sequence[tuple[datetime, int]]


class Tallies:
    """The sums of a replay so far. `currency` is the program's."""

    def __init__(self, currency: str, each_changed: Callable[[Changed], None] | None = None) -> None:
        self._currency, self._each = currency, each_changed
        self.before = self._conversions = self._purchases = self._differing = 0
        self._rewards = [0, 0]
        self._people: set[Hashable] = set()
        self._totals: Sums = {}
        self._for_friends: Sums = {}
        self._months: dict[date, Sums] = {}
        # Those of the month that goes on, found again by the rule and what it pays.
        self._current: date | None = None
        self._month: Sums = {}
        self._cells: dict[tuple[str, str, str], tuple[list[int], ...]] = {}
        self._referrers: dict[Hashable, Sums] = {}
        self._rules: dict[str, Sums] = {}
        self._steps: dict[tuple[str, Step], int] = {}
        self._cut: dict[tuple[Side, str, str], tuple[list[int], dict[Hashable, None]]] = {}
        self._changed: dict[str, list[tuple[int, int, Changed]]] = {}

    def begin(self, happened: Happened, month: date) -> None:
        """Count a conversion of the period, whatever comes of it."""
        self._conversions += 1
        self._purchases += happened.type == PURCHASE
        self._people.add(happened.referrer)
        if month != self._current:
            self._current, self._month, self._cells = month, self._months.setdefault(month, {}), {}

    def count(
        self,
        happened: Happened,
        nth: int,
        same: Sequence[Kept],
        paid: Sequence[Kept],
        draft: Sequence[Kept],
        traces: Traces,
    ) -> None:
        """Add what rules that both sides have pay for a conversion, and what those of one side do.

        `traces` gives what rules were told, if it is asked before any room is used up.
        """
        for kept in same:
            self._add(happened, kept, kept.paid, kept.paid, ("paid", "draft"))
        for kept in paid:
            self._add(happened, kept, kept.paid, 0, ("paid",))
        for kept in draft:
            self._add(happened, kept, 0, kept.paid, ("draft",))
        if not paid and not draft:
            return
        differences: dict[str, int] = {}
        step = _step_of(happened.type, nth)
        for sign, kepts in ((-1, paid), (1, draft)):
            for kept in kepts:
                currency = kept.answer.currency
                differences[currency] = differences.get(currency, 0) + sign * kept.paid
                self._steps[currency, step] = self._steps.get((currency, step), 0) + sign * kept.worth
                limited = kept.paid - kept.worth
                if limited:
                    self._steps[currency, "limits"] = self._steps.get((currency, "limits"), 0) + sign * limited
        self._differing += any(differences.values())
        for currency, difference in differences.items():
            if difference:
                self._remember(happened, nth, currency, abs(difference), (same, paid, draft), traces)

    def _add(self, happened: Happened, kept: Kept, paid: int, draft: int, sides: Sequence[Side]) -> None:
        _place, edition, worth, given, currency = kept.answer
        rule = edition.definition
        cells = self._cells.get((rule.key, rule.beneficiary, currency))
        if cells is None:
            cells = self._cells_of(rule, currency)
        for sums in cells:
            sums[0] += paid
            sums[1] += draft
        if rule.beneficiary == "referrer":
            theirs = self._referrers.get(happened.referrer)
            if theirs is None:
                theirs = self._referrers[happened.referrer] = {}
            found = theirs.get(currency)
            if found is None:
                theirs[currency] = [paid, draft]
            else:
                found[0] += paid
                found[1] += draft
        for side in sides:
            if given:
                self._rewards[side == "draft"] += 1
            if given < worth:
                numbers, referrers = self._cut.setdefault((side, rule.key, currency), ([0, 0], {}))
                numbers[0] += 1
                numbers[1] += kept.worth - kept.paid
                referrers[happened.referrer] = None

    def _cells_of(self, rule: RuleDefinition, currency: str) -> tuple[list[int], ...]:
        """Return all sums to which a rule's rewards of this month belong, but those of the referrer."""
        of = [self._totals, self._month, self._rules.setdefault(rule.key, {})]
        if rule.beneficiary == "friend":
            of.append(self._for_friends)
        cells = tuple(sums.setdefault(currency, [0, 0]) for sums in of)
        self._cells[rule.key, rule.beneficiary, currency] = cells
        return cells

    def _remember(
        self,
        happened: Happened,
        nth: int,
        currency: str,
        size: int,
        kept: tuple[Sequence[Kept], Sequence[Kept], Sequence[Kept]],
        traces: Traces,
    ) -> None:
        """Keep a conversion if it is one of those that change most; of two that change as much the earlier one."""
        if self._each is not None:
            self._each(_changed(happened, nth, currency, kept, (), ()))
        largest = self._changed.setdefault(currency, [])
        rank = (size, -self._conversions)
        if len(largest) == MOST_CHANGED and rank < largest[0][:2]:
            return
        told_paid, told_draft = traces()
        changed = _changed(happened, nth, currency, kept, told_paid, told_draft)
        if len(largest) < MOST_CHANGED:
            heapq.heappush(largest, (*rank, changed))
        else:
            heapq.heapreplace(largest, (*rank, changed))

    def result(self, since: datetime, until: datetime, rooms: Sequence[Rooms]) -> Replayed:
        """Return all of it. `rooms` are those of the rules that some sides have."""
        counts = Counts(
            conversions=self._conversions,
            purchases=self._purchases,
            before=self.before,
            changed=self._differing,
            referrers=len(self._people),
            rewards_paid=self._rewards[0],
            rewards_draft=self._rewards[1],
        )
        referrers = [ReferrerPair(who, pair) for who, sums in self._referrers.items() for pair in self._pairs(sums)]
        return Replayed(
            since=since,
            until=until,
            counts=counts,
            totals=self._pairs(self._totals),
            for_friends=self._pairs(self._for_friends),
            months=tuple(
                MonthPair(month, pair) for month, sums in sorted(self._months.items()) for pair in self._pairs(sums)
            ),
            referrers=tuple(sorted(referrers, key=lambda one: (self._order(one.pair.currency), -one.pair.difference))),
            rules=tuple(RulePair(key, pair) for key, sums in self._rules.items() for pair in self._pairs(sums)),
            steps=tuple(
                StepPart(step, currency, self._steps[currency, step])
                for currency in sorted(self._totals, key=self._order)
                for step in STEPS
                if (currency, step) in self._steps
            ),
            limits=tuple(
                LimitEffect(*key, times=numbers[0], minor=numbers[1], referrers=tuple(referrers))
                for key, (numbers, referrers) in sorted(self._cut.items())
            ),
            budgets=tuple(_budgets(since, until, rooms)),
            changed=tuple(
                changed
                for currency in sorted(self._changed, key=self._order)
                for _size, _number, changed in sorted(self._changed[currency], key=lambda one: one[:2], reverse=True)
            ),
        )

    def _pairs(self, sums: Sums) -> tuple[Pair, ...]:
        return tuple(Pair(currency, *sums[currency]) for currency in sorted(sums, key=self._order))

    def _order(self, currency: str) -> tuple[bool, str]:
        return (currency != self._currency, currency)


def _changed(
    happened: Happened,
    nth: int,
    currency: str,
    kept: tuple[Sequence[Kept], Sequence[Kept], Sequence[Kept]],
    told_paid: Sequence[Trace],
    told_draft: Sequence[Trace],
) -> Changed:
    same, paid, draft = (sum(one.paid for one in of if one.answer.currency == currency) for of in kept)
    amount = None
    if happened.amount_minor is not None and happened.currency is not None:
        amount = Money(happened.amount_minor, happened.currency)
    return Changed(
        id=happened.id,
        event_id=happened.event_id,
        order_id=happened.order_id,
        type=happened.type,
        occurred_at=happened.occurred_at,
        friend=happened.friend,
        referrer=happened.referrer,
        amount=amount,
        nth=nth,
        refunded_minor=sum(refund.minor for refund in happened.refunds),
        pair=Pair(currency, same + paid, same + draft),
        paid=tuple(told_paid),
        draft=tuple(told_draft),
    )


def _step_of(type: str, nth: int) -> Step:
    if type == SIGNUP:
        return "signups"
    if type in (PURCHASE, RENEWAL):
        return "first_purchases" if nth == 1 and type == PURCHASE else "later_purchases"
    return "others"


def _budgets(since: datetime, until: datetime, rooms: Sequence[Rooms]) -> list[BudgetUse]:
    found = []
    for sides, rules, of in rooms:
        for rule, room in zip(rules, of, strict=True):
            for budget in room.budgets:
                window, limit = budget.window, budget.limit
                is_outside = (window.until and window.until <= since) or (window.since and window.since >= until)
                if limit is None or is_outside:
                    continue
                currency = limit.amount.currency if limit.amount else None
                used = budget.counter.used_of(limit)
                ends = (window.since, window.until, limit.period)
                found += [
                    BudgetUse(side, rule.key, *ends, limit.most, currency, used, budget.ran_out_at) for side in sides
                ]
    return found
