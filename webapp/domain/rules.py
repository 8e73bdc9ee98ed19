"""A reward rule as it is written: what it says, and how it is read from TOML or JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

from webapp.domain import reward_rules
from webapp.domain.conditions import Conditions, read_conditions
from webapp.domain.facts import CONVERSION_TYPE, Earned, Facts, Skipped
from webapp.domain.limits import Limits, read_limits
from webapp.domain.money import Money
from webapp.domain.registry import (
    KINDS,
    RewardRule,
    SettingError,
    asks_for_signup,
    counting_of,
    plain_settings,
    read_settings,
)
from webapp.domain.rewards import Form
from webapp.domain.sentences import N_, Sentence

Side = Literal["referrer", "friend"]
SIDES: tuple[Side, ...] = ("referrer", "friend")
REWARDS: tuple[Form, ...] = ("cash", "credit", "coupon", "custom")
# The kind that goes with coupons, and they with it.
COUPON_KIND = "coupon_from_pool"
LONGEST_HOLD_DAYS = 400
LONGEST_KEY, LONGEST_NAME = 60, 120
# Why a version was published, in a line.
LONGEST_NOTE = 500
_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

_KEY = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
_TYPE = re.compile(CONVERSION_TYPE)
_GROUP = 'lower-case words with hyphens that name a group of rules, as in "purchase-bonus"'
_FIELDS = (
    "key",
    "name",
    "trigger",
    "beneficiary",
    "kind",
    "settings",
    "reward",
    "hold_days",
    "starts_at",
    "ends_at",
    "exclusive",
    "when",
    "limits",
)

# The kinds are known once their package has been imported.
assert reward_rules.__path__  # noqa: S101


class RuleError(ValueError):
    """A rule is wrong: `field` names where, `problem` completes "<field> …"."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field, self.problem = field, problem


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """What a version of a rule says. Two that are equal pay the same.

    `starts_at` is inclusive, `ends_at` exclusive; None means without that end.
    `hold_days` is None where the program's hold applies, 0 for no hold. `when`
    and `limits` are None for a rule without any. Of the rules with the same
    `exclusive` only the one worth most pays.
    """

    key: str
    name: str
    trigger: str
    beneficiary: Side
    kind: str
    settings: RewardRule
    reward: Form = "cash"
    hold_days: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    when: Conditions | None = None
    limits: Limits | None = None
    exclusive: str | None = None

    def price(self, facts: Facts) -> Earned | Skipped:
        """Say what this rule pays for one conversion that its trigger names, in place of none that is worth more."""
        answer = self.price_alone(facts)
        if facts.beaten_by is None or isinstance(answer, Skipped):
            return answer
        values = {"rule": facts.beaten_by.rule, "amount": facts.beaten_by.amount, "less": answer.amount}
        words = N_("Of several rules only the one worth most pays: “%(rule)s” pays %(amount)s, this one %(less)s.")
        return Skipped("exclusive", Sentence(words, values))

    def price_alone(self, facts: Facts) -> Earned | Skipped:
        """Say what this rule pays by itself, after what was used of its limits."""
        answer = self.worth(facts)
        if isinstance(answer, Skipped):
            return answer
        if facts.rewarded_before:
            return Skipped("rewarded_before", Sentence(N_("It was rewarded before, and that was taken back for good.")))
        if self.limits is None:
            return answer
        return self.limits.apply(answer, facts.used, facts.quotes)

    def worth(self, facts: Facts) -> Earned | Skipped:
        """Say what this rule pays for a conversion before its limits: its dates, its conditions, then its kind."""
        unmet = self.is_for(facts)
        return self.settings.reward(facts) if unmet is None else unmet

    def is_for(self, facts: Facts) -> Skipped | None:
        """Say why the rule is not for a conversion, by its dates and its conditions; None when it is."""
        if self.starts_at is not None and facts.occurred_at < self.starts_at:
            return Skipped("not_started", Sentence(N_("The rule starts on %(day)s."), {"day": self.starts_at}))
        if self.ends_at is not None and facts.occurred_at >= self.ends_at:
            return Skipped("ended", Sentence(N_("The rule ended on %(day)s."), {"day": self.ends_at}))
        return None if self.when is None else self.when.check(facts).unmet

    def qualifies(self, facts: Facts) -> bool:
        """Say whether the friend counts by this conversion: the rule is for it, whatever its limits leave."""
        return self.is_for(facts) is None and (not self.settings.proportional or facts.amount is not None)

    @property
    def follows(self) -> bool:
        """Whether what it pays is corrected when others change: it counts friends, or shares a group."""
        return counting_of(self.settings) is not None or self.exclusive is not None

    def looked_at(self, facts: Facts) -> Facts:
        """Return facts with only what this rule looks at of how the friend came and what was told; it pays the same."""
        return replace(
            facts,
            details={} if self.when is None else self.when.looked_at(facts.details),
            origin={} if self.when is None else self.when.looked_at_of_origin(facts.origin),
            signed_up_at=facts.signed_up_at if self.asks_for_signup else None,
        )

    @property
    def asks_for_signup(self) -> bool:
        """Whether what it pays depends on when the friend signed up."""
        return asks_for_signup(self.settings) or (self.when is not None and self.when.asks_for("signed_up_at"))

    def is_met_after_refunds(self, facts: Facts, left_minor: int) -> bool:
        """Say whether the conditions still hold of what refunds have left of the amount."""
        if self.when is None or facts.amount is None:
            return True
        return self.when.check(replace(facts, amount=Money(left_minor, facts.amount.currency))).unmet is None

    def hold_days_within(self, program_hold_days: int) -> int:
        """Return how many days rewards of this rule are held, counted from the conversion."""
        return program_hold_days if self.hold_days is None else self.hold_days

    def table(self) -> dict[str, Any]:
        """Return the rule as a TOML table; what was left out stays out."""
        table: dict[str, Any] = {
            "key": self.key,
            "name": self.name,
            "trigger": self.trigger,
            "beneficiary": self.beneficiary,
            "kind": self.kind,
            "settings": plain_settings(self.settings),
            "reward": self.reward,
        }
        ends = {
            "hold_days": self.hold_days,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "exclusive": self.exclusive,
        }
        parts = {"when": self.when, "limits": self.limits}
        return (
            table
            | {name: value for name, value in ends.items() if value is not None}
            | {name: part.table() for name, part in parts.items() if part is not None}
        )


def to_stored(rule: RuleDefinition) -> dict[str, Any]:
    """Return a rule as JSON can hold it."""
    table = rule.table()
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in table.items()}


def from_stored(stored: Mapping[str, Any]) -> RuleDefinition:
    """Return the rule that `to_stored` was given."""
    moments = {name: datetime.fromisoformat(stored[name]) for name in ("starts_at", "ends_at") if name in stored}
    return read_rule({**stored, **moments})


def read_rule(raw: Mapping[str, Any]) -> RuleDefinition:
    """Return the rule that a TOML table describes. Raises RuleError, which names the field."""
    if unknown := [name for name in raw if name not in _FIELDS]:
        raise RuleError(unknown[0], f"is not a field of a rule, which has {', '.join(_FIELDS)}")
    kind_name = _one_of(raw, "kind", tuple(KINDS))
    try:
        settings = read_settings(KINDS[kind_name], raw.get("settings", {}))
        when = read_conditions(raw["when"]) if "when" in raw else None
        limits = read_limits(raw["limits"]) if "limits" in raw else None
    except SettingError as error:
        raise RuleError(error.field, error.problem) from error
    rule = RuleDefinition(
        key=_matching(raw, "key", _KEY, LONGEST_KEY, 'lower-case words with hyphens, as in "referrer-20-percent"'),
        name=_name(raw),
        trigger=_matching(raw, "trigger", _TYPE, LONGEST_KEY, "signup, purchase, renewal or a type of your own"),
        beneficiary="referrer" if _one_of(raw, "beneficiary", SIDES) == "referrer" else "friend",
        kind=kind_name,
        settings=settings,
        reward=cast(Form, _one_of(raw, "reward", REWARDS)) if "reward" in raw else "cash",
        hold_days=_hold_days(raw),
        starts_at=_moment(raw, "starts_at"),
        ends_at=_moment(raw, "ends_at"),
        when=when,
        limits=limits,
        exclusive=_matching(raw, "exclusive", _KEY, LONGEST_KEY, _GROUP) if "exclusive" in raw else None,
    )
    if counting_of(rule.settings) and rule.beneficiary != "referrer":
        raise RuleError("beneficiary", f"must be referrer for {rule.kind}, which counts the friends of a referrer")
    if rule.starts_at and rule.ends_at and rule.ends_at <= rule.starts_at:
        raise RuleError("ends_at", "must be later than starts_at")
    _check_coupon(rule)
    return rule


def _check_coupon(rule: RuleDefinition) -> None:
    """Let a rule give a coupon exactly when its kind takes one out of a pool; nothing of it is an amount."""
    if (rule.reward == "coupon") != (rule.kind == COUPON_KIND):
        raise RuleError("reward", f'must be "coupon" with the kind {COUPON_KIND}, and with no other')
    for limit in rule.limits.each if rule.reward == "coupon" and rule.limits else ():
        if limit.amount is not None:
            raise RuleError(f"limits.{limit.scope}", "must have a count: a coupon has no amount")


def _required(raw: Mapping[str, Any], field: str) -> Any:
    if field not in raw:
        raise RuleError(field, "is missing")
    return raw[field]


def _one_of(raw: Mapping[str, Any], field: str, choices: tuple[str, ...]) -> str:
    value = _required(raw, field)
    if not isinstance(value, str) or value not in choices:
        raise RuleError(field, f"must be {' or '.join(sorted(choices))}, not {value!r}")
    return value


def _matching(raw: Mapping[str, Any], field: str, pattern: re.Pattern[str], longest: int, what: str) -> str:
    value = _required(raw, field)
    if not isinstance(value, str) or len(value) > longest or not pattern.fullmatch(value):
        raise RuleError(field, f"must be {what}, not {value!r}")
    return value


def _name(raw: Mapping[str, Any]) -> str:
    value = _required(raw, "name")
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        raise RuleError("name", f"must be a line of 1 to {LONGEST_NAME} characters that people will read")
    return value.strip()


def _hold_days(raw: Mapping[str, Any]) -> int | None:
    value = raw.get("hold_days")
    if "hold_days" in raw and (type(value) is not int or not 0 <= value <= LONGEST_HOLD_DAYS):
        raise RuleError("hold_days", f"must be a whole number of days from 0 to {LONGEST_HOLD_DAYS}")
    return value


def _moment(raw: Mapping[str, Any], field: str) -> datetime | None:
    value = raw.get(field)
    if field not in raw:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise RuleError(field, "must be a moment with its offset, as in 2026-01-01T00:00:00Z")
    if not _EARLIEST <= value < _LATEST:
        raise RuleError(field, "must be in one of the years 2 to 9998, so that every time zone has a day for it")
    return value.astimezone(UTC)
