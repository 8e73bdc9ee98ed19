"""The limits of a reward rule: how much it pays within a period, and what that leaves of one reward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.domain.facts import Earned, Skipped, Used
from webapp.domain.money import EXPONENTS, LARGEST, Money
from webapp.domain.periods import PERIODS, Period
from webapp.domain.quotes import Pair, Quote, convert, largest_within, quote_for
from webapp.domain.registry import MOST, SettingError
from webapp.domain.sentences import N_, NN_, Sentence, counted

# Of whom the rewards are counted: of all friends of one referrer, or of everybody.
Scope = Literal["per_referrer", "program"]
SCOPES: tuple[Scope, ...] = ("per_referrer", "program")
# What a limit leaves of a reward: all of it, a part, or nothing.
Outcome = Literal["full", "limit_cut", "limit_reached", "currency_differs"]
CODES = ("limit_cut", "limit_reached", "currency_differs")

# What a form offers.
SCOPE_LABELS: dict[Scope, str] = {
    "per_referrer": N_("For each referrer"),
    "program": N_("For the whole program"),
}
PERIOD_LABELS: dict[Period, str] = {
    "day": N_("a day"),
    "week": N_("a week"),
    "month": N_("a month"),
    "year": N_("a year"),
    "lifetime": N_("in all"),
}
_MOST_REWARDS = {
    "per_referrer": NN_(
        "At most one reward %(period)s for each referrer", "At most %(most)s rewards %(period)s for each referrer"
    ),
    "program": NN_(
        "At most one reward %(period)s for the whole program",
        "At most %(most)s rewards %(period)s for the whole program",
    ),
}
_MOST_MONEY = {
    "per_referrer": N_("At most %(most)s %(period)s for each referrer"),
    "program": N_("At most %(most)s %(period)s for the whole program"),
}
_COUNTED = {
    "per_referrer": NN_(
        "At most one reward %(period)s for each referrer; used before this one: %(used)s.",
        "At most %(most)s rewards %(period)s for each referrer; used before this one: %(used)s.",
    ),
    "program": NN_(
        "At most one reward %(period)s for the whole program; used before this one: %(used)s.",
        "At most %(most)s rewards %(period)s for the whole program; used before this one: %(used)s.",
    ),
}
_SUMMED = {
    "per_referrer": N_("At most %(most)s %(period)s for each referrer; used before this one: %(used)s."),
    "program": N_("At most %(most)s %(period)s for the whole program; used before this one: %(used)s."),
}
_CUT = {
    "per_referrer": N_(
        "At most %(most)s %(period)s for each referrer; used before this one: %(used)s, so %(paid)s are paid."
    ),
    "program": N_(
        "At most %(most)s %(period)s for the whole program; used before this one: %(used)s, so %(paid)s are paid."
    ),
}
_COMPARED = N_("%(limit)s This one counts as %(worth)s, at %(quote)s.")
_OTHER_CURRENCY = N_("The reward is in %(currency)s and the limit, %(most)s, in another currency, so nothing is paid.")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many rewards, or so much, within a period: either `count` or `amount` is there."""

    scope: Scope
    period: Period
    count: int | None = None
    amount: Money | None = None

    @property
    def most(self) -> int:
        """How many rewards, or minor units."""
        return self.count if self.amount is None else self.amount.minor  # type: ignore[return-value]

    def check(self, reward: Money, used: int, quotes: Sequence[Quote] = ()) -> "LimitCheck":
        """Say what is left for a reward after `used` rewards or minor units of the period.

        A reward in another currency counts as what it is worth by the quote of
        both. When not all of it fits, the most that does is paid.
        """
        left = max(0, self.most - used)
        if self.amount is None:
            because = counted(_COUNTED[self.scope], self.most, {**self._values(used), "most": self.most})
            return LimitCheck(self, "full" if left else "limit_reached", used, left, reward if left else None, because)
        currency = self.amount.currency
        worth = convert(reward, currency, quotes)
        if worth is None:
            other = Sentence(_OTHER_CURRENCY, {"currency": reward.currency, "most": self.amount})
            return LimitCheck(self, "currency_differs", used, left, None, other)
        values = {**self._values(Money(used, currency)), "most": self.amount}
        fits = left >= worth.minor
        paid = reward if fits else largest_within(Money(left, currency), reward.currency, quotes)
        # Where nothing is left, not even what is worth too little to count is paid.
        if not left or paid is None or paid.minor <= 0:
            because = self._compared(Sentence(_SUMMED[self.scope], values), reward, worth, quotes)
            return LimitCheck(self, "limit_reached", used, left, None, because)
        words = Sentence(_SUMMED[self.scope], values) if fits else Sentence(_CUT[self.scope], {**values, "paid": paid})
        because = self._compared(words, reward, worth, quotes)
        return LimitCheck(self, "full" if fits else "limit_cut", used, left, paid, because)

    def leaves(self, minor: int, currency: str, used: int) -> int:
        """Return what `check` lets be paid of a reward, in minor units, without saying why; 0 where it is nothing."""
        left = self.most - used
        if self.amount is None:
            return minor if left > 0 else 0
        return max(0, min(minor, left)) if currency == self.amount.currency else 0

    def in_words(self) -> Sentence:
        """Say what it allows."""
        values = {"period": Sentence(PERIOD_LABELS[self.period]), "most": self.amount or self.most}
        if self.amount is None:
            return counted(_MOST_REWARDS[self.scope], self.most, values)
        return Sentence(_MOST_MONEY[self.scope], values)

    def table(self) -> dict[str, Any]:
        """Return the limit as an inline table of TOML."""
        if self.amount is None:
            return {"count": self.count, "period": self.period}
        return {"amount": self.amount.minor, "currency": self.amount.currency, "period": self.period}

    def _compared(self, words: Sentence, reward: Money, worth: Money, quotes: Sequence[Quote]) -> Sentence:
        """Add to what is said by which quote a reward in another currency was compared."""
        quote = quote_for(reward.currency, worth.currency, quotes)
        if quote is None:
            return words
        return Sentence(_COMPARED, {"limit": words, "worth": worth, "quote": quote.in_words()})

    def _values(self, used: object) -> dict[str, object]:
        return {"period": Sentence(PERIOD_LABELS[self.period]), "used": used}


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """What a limit leaves of a reward. `used` and `left` are rewards or minor units, without this reward.

    `pays` is None when nothing is paid.
    """

    limit: Limit
    outcome: Outcome
    used: int
    left: int
    pays: Money | None
    because: Sentence


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a rule, at least one. Each is judged by itself, and the least that one of them leaves is paid."""

    per_referrer: Limit | None = None
    program: Limit | None = None

    @property
    def each(self) -> tuple[Limit, ...]:
        """Those that the rule has."""
        return tuple(limit for limit in (self.per_referrer, self.program) if limit is not None)

    def pairs(self, reward: Money) -> set[Pair]:
        """Return the currencies between which a limit has to compare a reward."""
        others = {limit.amount.currency for limit in self.each if limit.amount} - {reward.currency}
        return {frozenset((reward.currency, other)) for other in others}

    def check(self, reward: Money, used: Mapping[str, Used], quotes: Sequence[Quote] = ()) -> tuple[LimitCheck, ...]:
        """Say what each limit leaves of a reward. Nothing is used of a limit that `used` does not name."""
        return tuple(
            limit.check(reward, used[limit.scope].used if limit.scope in used else 0, quotes) for limit in self.each
        )

    def apply(self, earned: Earned, used: Mapping[str, Used], quotes: Sequence[Quote] = ()) -> Earned | Skipped:
        """Return what is paid of a reward: all of it, what is left, or nothing, with the reason."""
        least, paid = None, earned.amount
        for check in self.check(earned.amount, used, quotes):
            if check.pays is None:
                return Skipped(check.outcome, check.because)
            if check.pays.minor < paid.minor:
                least, paid = check, check.pays
        return earned if least is None else Earned(paid, (*earned.because, least.because), least.outcome)

    def table(self) -> dict[str, Any]:
        """Return the limits as a TOML table."""
        return {limit.scope: limit.table() for limit in self.each}


def read_limits(raw: object) -> Limits:
    """Return the limits of a TOML or JSON table. Raises SettingError, which names the place."""
    if not isinstance(raw, Mapping) or not raw:
        raise SettingError("limits", 'must be a table, as in { per_referrer = { count = 5, period = "month" } }')
    if unknown := [name for name in raw if name not in SCOPES]:
        raise SettingError(f"limits.{unknown[0]}", f"is not a limit, which is {' or '.join(SCOPES)}")
    return Limits(**{scope: _read(scope, raw[scope]) for scope in SCOPES if scope in raw})


def _read(scope: Scope, raw: object) -> Limit:
    path = f"limits.{scope}"
    if not isinstance(raw, Mapping):
        raise SettingError(path, 'must be a table, as in { count = 5, period = "month" }')
    parts = ("count", "amount", "currency", "period")
    if unknown := [name for name in raw if name not in parts]:
        raise SettingError(f"{path}.{unknown[0]}", f"is not part of a limit, which has {', '.join(parts)}")
    if ("count" in raw) == ("amount" in raw):
        raise SettingError(path, "must have either count or amount with its currency")
    if "period" not in raw:
        raise SettingError(f"{path}.period", "is missing")
    if raw["period"] not in PERIODS:
        raise SettingError(f"{path}.period", f"must be {' or '.join(PERIODS)}, not {raw['period']!r}")
    if "count" in raw:
        if "currency" in raw:
            raise SettingError(f"{path}.currency", "goes with an amount only")
        return Limit(scope, raw["period"], count=_whole(f"{path}.count", raw["count"], MOST, ""))
    if "currency" not in raw:
        raise SettingError(f"{path}.currency", "is missing; an amount never stands without its currency")
    if not isinstance(raw["currency"], str) or raw["currency"] not in EXPONENTS:
        known = 'must be the three capital letters of a currency that is legal tender today, as in "USD"'
        raise SettingError(f"{path}.currency", known)
    minor = _whole(f"{path}.amount", raw["amount"], LARGEST, "an amount in minor units, ")
    return Limit(scope, raw["period"], amount=Money(minor, raw["currency"]))


def _whole(path: str, raw: object, most: int, what: str) -> int:
    if type(raw) is not int or not 1 <= raw <= most:
        raise SettingError(path, f"must be {what}a whole number from 1 to {most}")
    return raw
