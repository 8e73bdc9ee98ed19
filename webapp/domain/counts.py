"""What each thing that happens adds to the counts by day.

Said once, for those who add it and for those who prove the counts. A day is a
calendar day of the program, a week begins on Monday.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from webapp.domain.periods import monday_of, weeks_between

# utm_source, utm_medium and utm_campaign; empty where it was not told.
Campaign = tuple[str, str, str]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RollUp:
    """A table of counts: the columns that say what a row is about, its day second, and those that count."""

    table: str
    key: tuple[str, ...]
    counts: tuple[str, ...]


_COUNTS = ("clicks", "visitors", "signups", "purchases", "buyers", "repeat_buyers")
_MONEY = ("revenue_minor", "refunded_minor")

LINK_DAYS = RollUp("link_days", ("link_id", "day", "referrer_id"), _COUNTS)
LINK_REVENUE_DAYS = RollUp("link_revenue_days", ("link_id", "day", "currency", "referrer_id"), _MONEY)
CAMPAIGN_DAYS = RollUp(
    "campaign_days",
    ("program_id", "day", "utm_source", "utm_medium", "utm_campaign"),
    ("clicks", "visitors", "signups", "purchases"),
)
COHORT_WEEKS = RollUp("cohort_weeks", ("program_id", "week", "weeks_after"), ("buyers",))
RULE_DAYS = RollUp(
    "rule_days",
    ("rule_id", "day", "currency", "kind", "program_id"),
    ("rewards", "granted_minor", "withdrawn_minor"),
)
PROGRAM_REVENUE_DAYS = RollUp("program_revenue_days", ("program_id", "day", "currency"), _MONEY)
PROGRAM_DAYS = RollUp("program_days", ("program_id", "day"), _COUNTS)

# In the order in which everybody writes them: what is everybody's comes last, and is held shortest.
ROLL_UPS = (
    *(LINK_DAYS, LINK_REVENUE_DAYS),
    *(CAMPAIGN_DAYS, COHORT_WEEKS, RULE_DAYS),
    *(PROGRAM_REVENUE_DAYS, PROGRAM_DAYS),
)

# Those whose counts may be below zero on a day: what came back, less what went.
MONEY = (LINK_REVENUE_DAYS, RULE_DAYS, PROGRAM_REVENUE_DAYS)

# Those that count clicks and their visitors.
CLICKED = (LINK_DAYS, CAMPAIGN_DAYS, PROGRAM_DAYS)


def campaign_of(source: str | None, medium: str | None, campaign: str | None) -> Campaign | None:
    """Return what a campaign is counted by; None when nothing of it was told."""
    return (source or "", medium or "", campaign or "") if source or medium or campaign else None


@dataclass(frozen=True, slots=True)
class Friend:
    """For whom a friend counts: the credited link and its owner, the day of the signup and the campaign."""

    program_id: UUID
    link_id: UUID
    referrer_id: UUID
    signed_up_on: date
    campaign: Campaign | None

    def weeks_until(self, day: date) -> int:
        """Return how many calendar weeks after that of the signup a day is; 0 also for one before it."""
        return max(0, weeks_between(self.signed_up_on, day))


class Tally:
    """Counts to be added, by roll-up and row."""

    def __init__(self) -> None:
        self._rows: dict[RollUp, dict[Key, dict[str, int]]] = {roll_up: {} for roll_up in ROLL_UPS}

    def counts_of(self, roll_up: RollUp) -> Mapping[Key, Mapping[str, int]]:
        """Return the counts of each row of a roll-up; no row counts nothing."""
        return self._rows[roll_up]

    def rows_of(self, roll_up: RollUp) -> Iterator[dict[str, Any]]:
        """Yield the rows of a roll-up with all their columns, in the order in which everybody writes them."""
        for key, counts in sorted(self._rows[roll_up].items(), key=_in_order):
            yield {**dict(zip(roll_up.key, key, strict=True)), **counts}

    def add(self, other: "Tally", times: int = 1) -> None:
        """Add all that another one counted, or with -1 take it off."""
        for roll_up, rows in other._rows.items():
            for key, counts in rows.items():
                self._add(roll_up, key, **{name: times * count for name, count in counts.items()})

    def clicks(
        self,
        program_id: UUID,
        link_id: UUID,
        referrer_id: UUID,
        day: date,
        campaign: Campaign | None,
        *,
        clicks: int = 1,
        new_today: int,
        new_on_link: int,
    ) -> None:
        """Clicks, and how many of them are a visitor's first of the day: in the program, and through the link."""
        self._add(LINK_DAYS, (link_id, day, referrer_id), clicks=clicks, visitors=new_on_link)
        self._add(PROGRAM_DAYS, (program_id, day), clicks=clicks, visitors=new_today)
        if campaign:
            self._add(CAMPAIGN_DAYS, (program_id, day, *campaign), clicks=clicks, visitors=new_today)

    def sealed_clicks(self, roll_up: RollUp, key: Key, *, clicks: int, visitors: int) -> None:
        """What a row of a roll-up says of clicks that were forgotten."""
        self._add(roll_up, key, clicks=clicks, visitors=visitors)

    def signup(self, friend: Friend) -> None:
        """Someone who signed up and was credited to a link."""
        self._add_for(friend, friend.signed_up_on, signups=1)
        if friend.campaign:
            self._add(CAMPAIGN_DAYS, (friend.program_id, friend.signed_up_on, *friend.campaign), signups=1)

    def purchase(self, friend: Friend, day: date, currency: str | None, minor: int | None) -> None:
        """A purchase of a friend, and what they paid if that was told."""
        self._add_for(friend, day, purchases=1)
        if friend.campaign:
            self._add(CAMPAIGN_DAYS, (friend.program_id, day, *friend.campaign), purchases=1)
        if currency and minor:
            self._add_money(friend, day, currency, revenue_minor=minor)

    def nth_purchase(self, friend: Friend, number: int) -> None:
        """A friend who has that many purchases now: the first makes a buyer, the second one who came again."""
        if number == 1:
            self._add_for(friend, friend.signed_up_on, buyers=1)
        elif number == 2:
            self._add_for(friend, friend.signed_up_on, repeat_buyers=1)

    def buyer_in_week(self, friend: Friend, weeks_after: int) -> None:
        """A friend who has bought in that week, the first being that of their signup."""
        self._add(COHORT_WEEKS, (friend.program_id, monday_of(friend.signed_up_on), weeks_after), buyers=1)

    def refund(self, friend: Friend, day: date, currency: str, minor: int) -> None:
        """What went back to a friend of what they had paid; below zero what came back by a dispute that was won."""
        self._add_money(friend, day, currency, refunded_minor=minor)

    def grant(self, program_id: UUID, rule_id: UUID, day: date, currency: str, minor: int, kind: str) -> None:
        """A reward, on the day of what earned it."""
        self._add(RULE_DAYS, (rule_id, day, currency, kind, program_id), rewards=1, granted_minor=minor)

    def withdrawal(self, program_id: UUID, rule_id: UUID, day: date, currency: str, minor: int, kind: str) -> None:
        """What a reward lost: taken back, or what was left of it when it was rejected; below zero what it got back."""
        self._add(RULE_DAYS, (rule_id, day, currency, kind, program_id), withdrawn_minor=minor)

    def _add_for(self, friend: Friend, day: date, **counts: int) -> None:
        self._add(LINK_DAYS, (friend.link_id, day, friend.referrer_id), **counts)
        self._add(PROGRAM_DAYS, (friend.program_id, day), **counts)

    def _add_money(self, friend: Friend, day: date, currency: str, **counts: int) -> None:
        self._add(LINK_REVENUE_DAYS, (friend.link_id, day, currency, friend.referrer_id), **counts)
        self._add(PROGRAM_REVENUE_DAYS, (friend.program_id, day, currency), **counts)

    def _add(self, roll_up: RollUp, key: Key, **counts: int) -> None:
        if not any(counts.values()):
            return
        rows = self._rows[roll_up]
        row = rows.get(key)
        if row is None:
            row = rows[key] = dict.fromkeys(roll_up.counts, 0)
        for name, more in counts.items():
            row[name] += more


def _in_order(row: tuple[Key, object]) -> Key:
    """Return what rows are ordered by. Numbers are compared in much less time than ids."""
    return tuple(part.int if isinstance(part, UUID) else part for part in row[0])
