"""The money of a program once more, in plain Python and as directly as it can be said.

Nothing of the application is used, so that the two only agree when both are
right. Amounts are whole minor units; shares are fractions, rounded once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.services.money_model_rules import limited, price, rounded, unmet_by

# What a decision or a payout may make of a reward. One that is over stays so.
FOLLOWS: dict[str, set[str]] = {
    "pending": {"held", "approved"},
    "held": {"pending", "approved", "rejected"},
    "approved": {"held", "in_payout"},
    "in_payout": {"approved", "paid"},
    "paid": set(),
    "rejected": set(),
    "reversed": set(),
}
NOWHERE = {"rejected", "reversed"}
# What people decide: of which statuses, and through which it goes.
DECISIONS: dict[str, dict[str, list[str]]] = {
    "release": {"held": ["pending"]},
    "approve": {"held": ["approved"], "pending": ["approved"]},
    "hold": {"pending": ["held"], "approved": ["held"]},
    "reject": {"held": ["rejected"], "pending": ["held", "rejected"], "approved": ["held", "rejected"]},
}
FROZEN = {"in_payout", "paid"}


@dataclass
class Version:
    """One version of a rule: its table as it was written, and whether it is "live", "paused" or "ended"."""

    live_from: datetime
    table: dict[str, Any]
    state: str = "live"


@dataclass
class Reward:
    """What one rule gave for one purchase."""

    key: str
    side: str
    beneficiary: str
    amount: int
    currency: str
    status: str
    matures_at: datetime
    table: dict[str, Any]
    reversed: int = 0
    clawed_back: int = 0
    bond: int = 0
    # Which decision of staff rejected it, whether it was appealed, and whether it once was not earned any more.
    rejected_at: datetime | None = None
    is_appealed: bool = False
    # Why it is held, and was before somebody appealed.
    held_for: str = ""
    held_first_for: str = ""
    has_lapsed: bool = False

    @property
    def kept(self) -> int:
        return self.amount - self.reversed - self.clawed_back

    def goes_to(self, status: str) -> bool:
        """Take a step, if it is one that can be taken."""
        if status not in FOLLOWS[self.status]:
            return False
        self.stands(status)
        return True

    def stands(self, status: str) -> None:
        self.status = status
        if status == "held":
            self.held_for = self.held_first_for = "itself"

    def is_decided(self, choice: str, now: datetime) -> str:
        """Let a person decide about it. Returns what came of it."""
        steps = DECISIONS[choice].get(self.status, [])
        for status in steps:
            self.stands(status)
        if self.status == "rejected" and steps:
            self.rejected_at = now
        return "done" if steps else "impossible"

    def bring_to(self, earned: int) -> tuple[str, int, str] | None:
        """Take back what is more than is earned. Returns what was taken and as what, None for nothing."""
        missing = self.kept - earned
        if missing <= 0 or self.status in NOWHERE:
            return None
        if self.status in FROZEN:
            self.clawed_back += missing
            return self.key, missing, "clawback"
        self.reversed += missing
        if self.reversed == self.amount:
            self.status = "reversed"
        return self.key, missing, "reversal"


@dataclass
class Purchase:
    """Something that a friend did. Its `name` is unique: the event's id, or whose signup it is."""

    name: str
    type: str
    friend: str | None
    amount: int | None
    currency: str | None
    order: str | None
    at: datetime
    is_event: bool = True
    nth: int = 1
    refunded: int = 0
    refunds: int = 0
    plan: str | None = None
    # When its friend signed up.
    joined: datetime | None = None
    rewards: list[Reward] = field(default_factory=list)
    # The rules that were asked, and what was used of the limits of those that would have paid, by their keys.
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def is_refunded_whole(self) -> bool:
        return self.refunded == self.amount if self.amount else self.refunds > 0


@dataclass
class Waiting:
    """A refund whose purchase is not there yet."""

    name: str
    wanted: int | None
    of_event: str | None
    of_order: str | None
    at: datetime


class Books:
    """Everything that was told, and what follows from it."""

    def __init__(self, hold_days: int) -> None:
        self.hold_days = hold_days
        self.referrer_of: dict[str, str | None] = {}
        self.joined: dict[str | None, datetime] = {}
        # Friends whose rewards are held from the beginning.
        self.suspected: set[str | None] = set()
        self.rules: dict[str, list[Version]] = {}
        self.purchases: dict[str, Purchase] = {}
        self.refund_names: set[str] = set()
        self.waiting: list[Waiting] = []

    def rewards(self) -> Iterator[tuple[Purchase, Reward]]:
        for purchase in self.purchases.values():
            for reward in purchase.rewards:
                yield purchase, reward

    def balances(self) -> Counter[tuple[str, str, str]]:
        """Return what stands in each account, by person, currency and account, nothing left out but zeros."""
        found: Counter[tuple[str, str, str]] = Counter()
        for _purchase, reward in self.rewards():
            if reward.status not in NOWHERE:
                found[reward.beneficiary, reward.currency, reward.status] += reward.amount - reward.reversed
                found[reward.beneficiary, reward.currency, "clawback"] -= reward.clawed_back
                found[reward.beneficiary, reward.currency, "expense"] -= reward.kept
        return Counter({account: minor for account, minor in found.items() if minor})

    def joins(
        self, friend: str, referrer: str | None, at: datetime, *, is_suspected: bool = False
    ) -> list[tuple[str | None, str]]:
        if is_suspected:
            self.suspected.add(friend)
        self.referrer_of[friend], self.joined[friend] = referrer, at
        return self._record(Purchase(f"signup of {friend}", "signup", friend, None, None, None, at, is_event=False))

    def publishes(self, tables: list[dict[str, Any]], *, prune: bool, now: datetime) -> set[tuple[str, str]]:
        """Return what happened to which rule."""
        done = set()
        for table in tables:
            versions = self.rules.setdefault(table["key"], [])
            if not versions or versions[-1].table != table or versions[-1].state != "live":
                done.add((table["key"], "changed" if versions else "new"))
                versions.append(Version(now, table))
        if prune:
            for key in self.rules.keys() - {table["key"] for table in tables}:
                if self.rules[key][-1].state != "ended":
                    done.add((key, "ended"))
                    self.rules[key].append(Version(now, self.rules[key][-1].table, "ended"))
        return done

    def sends_rule(self, key: str, state: str, now: datetime) -> bool:
        """Let a rule pause, go on or end, if it can."""
        last = self.rules[key][-1]
        if state == last.state or last.state == "ended":
            return False
        self.rules[key].append(Version(now, last.table, state))
        return True

    def buys(self, purchase: Purchase) -> list[tuple[str | None, str]] | str:
        """Return what each rule said, or why the event was refused."""
        if purchase.name in self.purchases:
            return "event taken"
        if purchase.order and any(
            (other.order, other.type) == (purchase.order, purchase.type) for other in self.purchases.values()
        ):
            return "order taken"
        return self._record(purchase)

    def refunds(self, refund: Waiting) -> list[tuple[str, int, str]] | str:
        """Return what was taken of which rule's reward, or why nothing was."""
        found = [
            purchase
            for purchase in self.purchases.values()
            if (refund.of_event and purchase.is_event and purchase.name == refund.of_event)
            or (refund.of_order and purchase.order == refund.of_order)
        ]
        if len(found) > 1:
            return "ambiguous"
        if refund.name in self.refund_names:
            return "refund taken"
        self.refund_names.add(refund.name)
        if not found:
            self.waiting.append(refund)
            return "waits"
        return self._apply(refund, found[0])

    def appeals(self, reward: Reward) -> int | str:
        """Let whoever earns a reward appeal. Returns how many rewards are held again, or why that cannot be."""
        if reward.is_appealed:
            return "appealed_before"
        if reward.status != "rejected" or reward.rejected_at is None:
            return "not_rejected"
        decision = (reward.beneficiary, "rejected", reward.rejected_at)
        about = [
            (purchase, one, self.still_earned(purchase, one))
            for purchase, one in self.rewards()
            if (one.beneficiary, one.status, one.rejected_at) == decision and not one.is_appealed
        ]
        if not any(earned for _purchase, one, earned in about if one is reward):
            return "nothing_left"
        about = [(purchase, one, earned) for purchase, one, earned in about if earned]
        for purchase, one, earned in about:
            one.status, one.is_appealed, one.held_for = "held", True, "appeal"
            self.bring_back(purchase, one, earned)
        return len(about)

    def still_earned(self, purchase: Purchase, reward: Reward) -> int:
        return 0 if reward.has_lapsed else _earned(reward, purchase)

    def bring_back(self, purchase: Purchase, reward: Reward, earned: int) -> None:
        reward.bring_to(earned)

    def matures(self, now: datetime) -> int:
        due = [reward for _, reward in self.rewards() if reward.status == "pending" and reward.matures_at <= now]
        for reward in due:
            reward.status = "approved"
        return len(due)

    def _record(self, purchase: Purchase) -> list[tuple[str | None, str]]:
        self.purchases[purchase.name] = purchase
        purchase.joined = self.joined.get(purchase.friend)
        begun = self._count_anew(purchase)
        said = list(self._decide(purchase))
        for later, key in begun:
            if not any(reward.key == key for reward in later.rewards):
                self._reward(later, key)
        arrived = [
            refund
            for refund in self.waiting
            if (purchase.is_event and refund.of_event == purchase.name)
            or (refund.of_order is not None and refund.of_order == purchase.order)
        ]
        for refund in sorted(arrived, key=lambda refund: (refund.at, refund.name)):
            self.waiting.remove(refund)
            self._apply(refund, purchase)
        return said

    def _count_anew(self, new: Purchase) -> list[tuple[Purchase, str]]:
        """Number what the friend did by the moment it happened; what counts too high now is taken back.

        Returns what is earned only now, of what happened later.
        """
        if new.type == "signup":
            # A second one is left aside, whenever it is said to have happened.
            return []
        same = [other for other in self.purchases.values() if (other.friend, other.type) == (new.friend, new.type)]
        ordered = sorted(same, key=lambda other: (other.at, other.name if other.is_event else ""))
        begun = []
        for nth, purchase in enumerate(ordered, 1):
            if purchase.nth == nth:
                continue
            purchase.nth = nth
            for key, table in purchase.asked.items():
                _code, amount, _currency = limited(table, price(table, purchase), purchase.used.get(key, {}))
                given = [reward for reward in purchase.rewards if reward.key == key]
                if not amount and given:
                    given[0].has_lapsed = True
                    given[0].bring_to(0)
                elif amount and not given:
                    begun.append((purchase, key))
        return begun

    def _decide(self, purchase: Purchase) -> Iterator[tuple[str | None, str]]:
        if purchase.friend is None:
            yield None, "unknown_person"
            return
        referrer = self.referrer_of[purchase.friend]
        if referrer is None:
            yield None, "not_referred"
            return
        if purchase.type == "signup" and purchase.is_event:
            yield None, "already_signed_up"
            return
        asked = 0
        for key, versions in self.rules.items():
            live = [version for version in versions if version.live_from <= purchase.at]
            if not live or live[-1].state != "live" or live[-1].table["trigger"] != purchase.type:
                continue
            table = live[-1].table
            asked += 1
            purchase.asked[key] = table
            yield key, self._reward(purchase, key)
        if not asked:
            yield None, "no_rule"

    def _reward(self, purchase: Purchase, key: str) -> str:
        """Ask a rule, and give what it pays, less what was refunded. Returns the reason."""
        table, referrer = purchase.asked[key], self.referrer_of[purchase.friend or ""]
        worth = price(table, purchase)
        if worth[1] and "limits" in table:
            purchase.used[key] = {
                scope: self._used(key, scope, limit, purchase) for scope, limit in table["limits"].items()
            }
        code, amount, currency = limited(table, worth, purchase.used.get(key, {}))
        if amount:
            hold, side = table.get("hold_days", self.hold_days), table["beneficiary"]
            beneficiary = referrer if side == "referrer" else purchase.friend
            status = "held" if self.is_suspected(purchase, key) else "pending" if hold else "approved"
            matures_at = purchase.at + timedelta(days=hold)
            reward = Reward(key, side, beneficiary or "", amount, currency, status, matures_at, table)
            reward.held_for = reward.held_first_for = "friend"
            purchase.rewards.append(reward)
            if purchase.refunds:
                reward.bring_to(_earned(reward, purchase))
        return code

    def decides(self, purchase: Purchase, reward: Reward, choice: str, now: datetime) -> str:
        """Let a person decide about a reward. Returns what came of it."""
        why = reward.held_first_for if reward.held_for == "appeal" else reward.held_for
        if reward.status == "held" and why == "friend" and choice in ("release", "approve"):
            self.suspected.discard(purchase.friend)
        return reward.is_decided(choice, now)

    def is_suspected(self, purchase: Purchase, key: str) -> bool:
        """Say whether what a rule gives is held, since the friend looks like somebody who must not be rewarded."""
        return purchase.friend in self.suspected

    def _used(self, key: str, scope: str, limit: dict[str, Any], purchase: Purchase) -> int:
        referrer = self.referrer_of[purchase.friend or ""]
        counted = [
            reward
            for other, reward in self.rewards()
            if reward.key == key
            and reward.status not in NOWHERE
            and _period(limit, other) == _period(limit, purchase)
            and (scope == "program" or self.referrer_of[other.friend or ""] == referrer)
        ]
        if "count" in limit:
            return sum(reward.kept > 0 for reward in counted)
        return sum(reward.kept for reward in counted if reward.currency == limit["currency"])

    def _apply(self, refund: Waiting, purchase: Purchase) -> list[tuple[str, int, str]]:
        left = (purchase.amount or 0) - purchase.refunded
        purchase.refunded += left if refund.wanted is None else min(refund.wanted, left)
        purchase.refunds += 1
        taken = (reward.bring_to(_earned(reward, purchase)) for reward in purchase.rewards)
        return [what for what in taken if what is not None]


def _period(limit: dict[str, Any], purchase: Purchase) -> object:
    day = purchase.at.date()
    return {"day": day, "month": (day.year, day.month), "lifetime": None}[limit["period"]]


def _earned(reward: Reward, purchase: Purchase) -> int:
    if purchase.is_refunded_whole:
        return 0
    if "amount" in reward.table["settings"] or not purchase.amount:
        left = purchase.amount and purchase.amount - purchase.refunded
        asks = any(one["field"] == "amount" for of in reward.table.get("when", {}).values() for one in of)
        return 0 if asks and unmet_by(reward.table, purchase, left) else reward.amount
    return rounded(reward.amount * (1 - Fraction(purchase.refunded, purchase.amount)))
