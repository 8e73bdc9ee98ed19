"""What a replay tells: sums that are beside each other, and where they differ."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.periods import Period
from webapp.domain.replaying.editions import Edition

# As the rules were, and as the draft has them.
Side = Literal["paid", "draft"]
# Where a difference comes from: how much a rule pays for which events, and what limits leave of it.
Step = Literal["first_purchases", "later_purchases", "signups", "others", "limits"]
STEPS: tuple[Step, ...] = ("first_purchases", "later_purchases", "signups", "others", "limits")


@dataclass(frozen=True, slots=True)
class Pair:
    """What was paid, and what the draft would have paid, in minor units of one currency."""

    currency: str
    paid: int
    draft: int

    @property
    def difference(self) -> int:
        """What the draft pays more; below zero when it pays less."""
        return self.draft - self.paid


@dataclass(frozen=True, slots=True)
class MonthPair:
    """A month of the program, by its first day, and the conversions that were looked at in it."""

    month: date
    pair: Pair


@dataclass(frozen=True, slots=True)
class ReferrerPair:
    """What one referrer earned; not what their friends did."""

    referrer: Hashable
    pair: Pair


@dataclass(frozen=True, slots=True)
class RulePair:
    """What one rule paid, on both sides of a referral."""

    key: str
    pair: Pair


@dataclass(frozen=True, slots=True)
class StepPart:
    """A part of the difference, exact: the parts of a currency add up to it."""

    step: Step
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """What the limits of a rule took on one side: how often, how much, and whose rewards they met."""

    side: Side
    key: str
    currency: str
    times: int
    minor: int
    referrers: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class StepReached:
    """Who came to a step of a rule that pays by the number of friends, or beyond it, on one side in the period."""

    side: Side
    key: str
    friends: int
    referrers: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of a limit for the whole program was used on one side in one period; None: it did not run out."""

    side: Side
    key: str
    since: datetime | None
    until: datetime | None
    period: Period
    most: int
    currency: str | None
    used: int
    ran_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What one rule said about one conversion, to be said in words; `kept_minor` is what is left after refunds.

    `currency` is None where it paid nothing.
    """

    edition: Edition
    facts: Facts
    kept_minor: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A conversion for which the draft pays something else."""

    id: Hashable
    event_id: str | None
    order_id: str | None
    type: str
    occurred_at: datetime
    friend: Hashable
    referrer: Hashable
    amount: Money | None
    nth: int
    refunded_minor: int
    pair: Pair
    paid: tuple[Trace, ...]
    draft: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were looked at in the period, how many before it to know what was used, and how many rewards it gave."""

    conversions: int
    purchases: int
    before: int
    changed: int
    referrers: int
    rewards_paid: int
    rewards_draft: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """All that a replay tells. Sums are of what is kept after every refund that is known today.

    The program's currency comes first, the others by name. `referrers` are
    those who earn anything on either side, the one who gains most first.
    """

    since: datetime
    until: datetime
    counts: Counts
    totals: tuple[Pair, ...]
    for_friends: tuple[Pair, ...]
    months: tuple[MonthPair, ...]
    referrers: tuple[ReferrerPair, ...]
    rules: tuple[RulePair, ...]
    steps: tuple[StepPart, ...]
    limits: tuple[LimitEffect, ...]
    budgets: tuple[BudgetUse, ...]
    changed: tuple[Changed, ...]
    steps_reached: tuple[StepReached, ...] = ()

    def total(self, currency: str) -> Pair:
        """Return the totals in one currency."""
        return next((pair for pair in self.totals if pair.currency == currency), Pair(currency, 0, 0))

    def standing(self, currency: str) -> tuple[int, int, int]:
        """Return how many referrers would have earned more in one currency, less, and the same."""
        differences = [one.pair.difference for one in self.referrers if one.pair.currency == currency]
        more, less = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
        return more, less, len(differences) - more - less
