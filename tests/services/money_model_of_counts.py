"""What is kept in the end under rules that count friends or exclude each other, in plain Python.

Nothing is remembered but what happened, and all is computed anew from it each
time: so whatever the order in which things were told, there is one answer.
Nothing of the application is used.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from tests.services.money_model_rules import rounded

Place = tuple[datetime, str]
# Of a group the rule that is worth most; what is in another currency than the purchase is worth less than all else.
INCOMPARABLE = -1


@dataclass
class Back:
    """A refund or a dispute. `wanted` None: all of it."""

    wanted: int | None
    won: bool = False


@dataclass
class Deed:
    """What a friend did: a signup, or an event with its id; and when that was told."""

    name: str
    type: str
    friend: str
    at: datetime
    told: datetime
    amount: int | None = None
    currency: str | None = None
    backs: list[Back] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.at, "" if self.type == "signup" else self.name

    @property
    def standing(self) -> list[Back]:
        return [back for back in self.backs if not back.won]

    @property
    def gone(self) -> int:
        amount = self.amount or 0
        return min(amount, sum(amount if back.wanted is None else back.wanted for back in self.standing))

    @property
    def is_gone(self) -> bool:
        return self.gone == self.amount if self.amount else bool(self.standing)


class Version(NamedTuple):
    """What a rule says from a moment on. One that is "paused" or has "ended" is asked nothing."""

    since: datetime
    table: dict[str, Any]
    state: str = "live"


class Quote(NamedTuple):
    """What one minor unit of a currency is worth in those of another, from a moment on, and when that was told."""

    told: datetime
    since: datetime
    source: str
    target: str
    rate: Fraction


class Slot(NamedTuple):
    """A number of friends that has a bonus: whose they are, under which rule, and in which period of which promise."""

    referrer: str
    key: str
    promise: int
    period: tuple[int, ...]
    number: int


class Happened:
    """All that happened, and what follows from it."""

    def __init__(self) -> None:
        self.referrer_of: dict[str, str | None] = {}
        self.deeds: dict[str, Deed] = {}
        # By the event's id: refunds may come first.
        self.backs: dict[str, list[Back]] = {}
        # The rules by age, the versions of each by theirs.
        self.rules: dict[str, list[Version]] = {}
        # What a person rejected: the name of what was done, and the rule.
        self.rejected: set[tuple[str, str]] = set()
        # In the order in which they were told.
        self.quotes: list[Quote] = []

    def does(self, deed: Deed) -> None:
        deed.backs = self.backs.setdefault(deed.name, [])
        self.deeds[deed.name] = deed

    def credits(self, friend: str, referrer: str | None) -> set[tuple[str, str]]:
        """Credit somebody else. Returns what had been rejected of the former referrer's, which is decided anew."""
        self.referrer_of[friend] = referrer
        ended = {(name, key) for name, key in self.rejected if self.deeds[name].friend == friend}
        self.rejected -= ended
        return ended

    def asked(self, deed: Deed) -> Iterator[dict[str, Any]]:
        """Yield the rules as they were when it happened, the older ones first."""
        if self.referrer_of[deed.friend] is None:
            return
        for versions in self.rules.values():
            live = [version for version in versions if version.since <= deed.at]
            if live and live[-1].state == "live" and live[-1].table["trigger"] == deed.type:
                yield live[-1].table

    def says(self, key: str, deed: Deed) -> dict[str, Any] | None:
        """Return a rule as it was when something happened; None when it was not for that."""
        return next((table for table in self.asked(deed) if table["key"] == key), None)

    def kept(self) -> Counter[tuple[str, str, str]]:
        """Return what is kept for each deed by each rule, in its currency; bonuses that share no group apart."""
        found: Counter[tuple[str, str, str]] = Counter()
        counting = {key: self.counting(key) for key in self.rules}
        for deed in self.deeds.values():
            worth = {}
            for table in self.asked(deed):
                if not moves_freely(table) and (amount := self.price(table, deed, counting[table["key"]])):
                    worth[table["key"]] = (table, *amount)
            for key, (table, minor, currency) in worth.items():
                group = table.get("exclusive")
                rivals = [one for one in worth.values() if group and one[0].get("exclusive") == group]
                if rivals and self.best(deed, rivals)[0]["key"] != key:
                    continue
                if (deed.name, key) not in self.rejected:
                    found[deed.name, key, currency] += self.earned(table, minor, deed)
        return Counter({what: minor for what, minor in found.items() if minor})

    def bonuses(self) -> dict[Slot, tuple[int, str]]:
        """Return which bonuses that share no group each referrer has, whoever's friend brought them."""
        found = {}
        for key in self.rules:
            places = self.counting(key)
            for friend in places:
                # That which was live for the friend who makes the number; of a bonus all may change but its kind.
                deed = self.deed_at(friend, places[friend])
                table = self.says(key, deed)
                if table and moves_freely(table) and (made := self.makes(table, deed, places)):
                    slot = Slot(
                        self.referrer_of[friend] or "", key, self.promise(table), period_of(table, deed.at), made
                    )
                    found[slot] = (bonus_of(table, made), table["settings"]["currency"])
        return found

    def makes(self, table: dict[str, Any], deed: Deed, counting: dict[str, Place]) -> int:
        """Return the number of friends that a friend makes by this very deed; 0 when they count by none or another."""
        if counting.get(deed.friend) != deed.place:
            return 0
        same = [
            (place, friend)
            for friend, place in counting.items()
            if self.referrer_of[friend] == self.referrer_of[deed.friend]
            and period_of(table, place[0]) == period_of(table, deed.at)
        ]
        number = sorted(same).index((deed.place, deed.friend)) + 1
        return number if bonus_of(table, number) else 0

    def promise(self, table: dict[str, Any]) -> int:
        """Return the number of the first version that promised the same."""
        same = [promise_of(version.table) for version in self.rules[table["key"]]]
        return same.index(promise_of(table))

    def deed_at(self, friend: str, place: Place) -> Deed:
        return next(one for one in self.deeds.values() if (one.friend, one.place) == (friend, place))

    def counting(self, key: str) -> dict[str, Place]:
        """Return which friends count under a rule, and since when: by the first that refunds leave something of."""
        first: dict[str, Place] = {}
        for deed in sorted(self.deeds.values(), key=lambda one: one.place, reverse=True):
            for table in self.asked(deed):
                if table["key"] != key or "steps" not in table["settings"] or deed.is_gone:
                    continue
                left = deed.amount and deed.amount - deed.gone
                if self.is_for(table, deed, deed.amount) and self.is_for(table, deed, left):
                    first[deed.friend] = deed.place
        return first

    def is_for(self, table: dict[str, Any], deed: Deed, amount: int | None) -> bool:
        if amount is None and table["kind"] == "tiered_percent":
            return False
        return all(self.holds(condition, deed, amount) for condition in table.get("when", {}).get("all", []))

    def holds(self, condition: dict[str, Any], deed: Deed, amount: int | None) -> bool:
        if condition["field"] == "nth_purchase":
            return bool(self.nth(deed) == condition["value"])
        worth = None if amount is None else self.worth(deed, amount, deed.currency or "", condition["currency"])
        return worth is not None and worth >= condition["value"]

    def worth(self, deed: Deed, minor: int, source: str, target: str) -> int | None:
        """Return what an amount is worth in a currency by the quote that counts for a deed; None without one.

        That is one of those that were known when it was told: later ones change nothing that was decided.
        """
        if source == target:
            return minor
        known = [
            quote
            for quote in self.quotes
            if {quote.source, quote.target} == {source, target} and quote.told <= deed.told and quote.since <= deed.at
        ]
        if not known:
            return None
        # The last of those that are equally new.
        newest = max(reversed(known), key=lambda quote: quote.since)
        return rounded(minor * newest.rate if newest.source == source else minor / newest.rate)

    def nth(self, deed: Deed) -> int:
        same = [one for one in self.deeds.values() if (one.friend, one.type) == (deed.friend, deed.type)]
        return sum(one.place <= deed.place for one in same)

    def price(self, table: dict[str, Any], deed: Deed, counting: dict[str, Place]) -> tuple[int, str] | None:
        """Return what a rule would pay by itself, nothing refunded."""
        settings = table["settings"]
        if not self.is_for(table, deed, deed.amount):
            return None
        if self.nth(deed) > {"first_purchase": 1}.get(table["kind"], settings.get("payments", 99)):
            return None
        if table["kind"] == "milestone":
            made = self.makes(table, deed, counting)
            return (bonus_of(table, made), settings["currency"]) if made else None
        if "amount" in settings:
            return settings["amount"], settings["currency"]
        if deed.amount is None:
            return None
        percent = settings["percent"] if "percent" in settings else self.step(table, deed, counting)
        minor = rounded(Fraction(percent) / 100 * deed.amount)
        return (minor, deed.currency or "") if minor else None

    def step(self, table: dict[str, Any], deed: Deed, counting: dict[str, Place]) -> str:
        """Return the percentage of as many friends as count, the one who did it being one of them."""
        settings, period = table["settings"], period_of(table, deed.at)
        friends = {
            friend
            for friend, place in counting.items()
            if self.referrer_of[friend] == self.referrer_of[deed.friend]
            and period_of(table, place[0]) == period
            and (settings.get("whole_period") or place <= deed.place)
        }
        own = counting.get(deed.friend)
        if own is None or own > deed.place:
            friends.add(deed.friend)
        reached = [step["percent"] for step in settings["steps"] if step["friends"] <= len(friends)]
        return reached[-1] if reached else "0"

    def best(self, deed: Deed, rivals: list[tuple[dict[str, Any], int, str]]) -> tuple[dict[str, Any], int, str]:
        into = deed.currency or rivals[0][2]

        def worth(one: tuple[dict[str, Any], int, str]) -> int:
            found = self.worth(deed, one[1], one[2], into)
            return INCOMPARABLE if found is None else found

        return max(rivals, key=worth)

    def earned(self, table: dict[str, Any], granted: int, deed: Deed) -> int:
        """Return what is left of a reward after what went back."""
        if deed.is_gone:
            return 0
        left = (deed.amount or 0) - deed.gone
        if "amount" not in table["settings"] and table["kind"] != "milestone":
            return rounded(Fraction(granted * left, deed.amount or 1))
        return granted if not deed.gone or self.is_for(table, deed, left) else 0


def period_of(table: dict[str, Any], at: datetime) -> tuple[int, ...]:
    return {"lifetime": (), "month": (at.year, at.month)}[table["settings"].get("period", "lifetime")]


def moves_freely(table: dict[str, Any]) -> bool:
    """Say whether it gives bonuses that stand with whatever event of the referrer's friends."""
    return table["kind"] == "milestone" and "exclusive" not in table


def bonus_of(table: dict[str, Any], number: int) -> int:
    return {step["friends"]: step["amount"] for step in table["settings"]["steps"]}.get(number, 0)


def promise_of(table: dict[str, Any]) -> tuple[Any, ...]:
    return table["settings"], table.get("reward", "cash"), table.get("exclusive"), table.get("limits")
