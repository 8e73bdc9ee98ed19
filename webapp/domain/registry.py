"""The kinds of reward rule: how one makes itself known, and how its settings are read.

A kind is a frozen dataclass. Its fields are its settings, and the type of a
field says what it takes; one of `… | None` with None as its default may be
left out. The metadata of a field, `{"label": N_("…"), "hint": N_("…")}`, says
to people what it is; both may be left out. What settings cannot be together
`__post_init__` refuses with a SettingError that names one of them.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from dataclasses import Field as DataclassField
from types import UnionType
from typing import Any, Literal, Protocol, TypeVar, get_args

from webapp.domain.coupon_pools import KEY, LONGEST_KEY
from webapp.domain.facts import Earned, Facts, Skipped
from webapp.domain.friend_steps import AmountSteps, PercentSteps
from webapp.domain.money import EXPONENTS, LARGEST, PERCENT_PROBLEM, Percent
from webapp.domain.periods import PERIODS, Period
from webapp.domain.sentences import Sentence

MOST = 1_000_000
MOST_MONTHS = 1_200


class RewardRule(Protocol):
    """What every kind can do."""

    @property
    def proportional(self) -> bool:
        """Whether a partial refund takes back the same share of the reward; else it stays whole until all is."""
        ...

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Say what one conversion earns. Pure: the same facts give the same answer for good."""
        ...


@dataclass(frozen=True, slots=True)
class Counting:
    """How a kind counts the friends of a referrer who qualify under its rule.

    `of` says which ones an event is priced by: those "until" the event, all of
    its "period" however late, or, for what is paid once for each number, all
    that there are when it is "reached". `steps` are the numbers of friends at
    which the answer changes, rising; `period` is a periods.Period.
    """

    of: Literal["until", "period", "reached"]
    period: Period
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a kind: `label` and `hint` are for people, `default` is None where a value has to be given.

    One that is `optional` may be left out too, and then there is none.
    """

    name: str
    label: str
    hint: str
    takes: type[Any]
    default: object = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule. `label` names it in a list of kinds, for translation.

    `sentence` goes on after "Pay the referrer" and names settings as in
    "%(percent)s of each purchase"; forms put their controls in its place. It
    may be empty, and settings that it does not name stand below it.
    """

    name: str
    label: str
    settings: type[Any]
    sentence: str = ""

    @property
    def fields(self) -> tuple[Setting, ...]:
        """The settings in their order."""
        return tuple(_setting(field) for field in fields(self.settings))


def _setting(field: DataclassField[Any]) -> Setting:
    label = str(field.metadata.get("label") or field.name.replace("_", " ").capitalize())
    default = None if field.default is MISSING else field.default
    optional = isinstance(field.type, UnionType)
    return Setting(field.name, label, str(field.metadata.get("hint", "")), _type_of(field), default, optional)


def _type_of(field: DataclassField[Any]) -> type[Any]:
    """Return what a field takes when it is given."""
    takes: Any = field.type
    given: type[Any] = get_args(takes)[0] if isinstance(takes, UnionType) else takes
    return given


class SettingError(ValueError):
    """A setting is wrong: `field` names it, `problem` completes "<field> …".

    `words` say to someone who fills in a form what to do, where that is known.
    """

    def __init__(self, field: str, problem: str, words: Sentence | None = None) -> None:
        super().__init__(f"{field} {problem}")
        self.field, self.problem, self.words = field, problem, words


class MinorUnits(int):
    """A setting: an amount in minor units, above zero."""


class Months(int):
    """A setting: months of the calendar since the friend signed up, see `shares.beyond_months`."""


class CurrencyCode(str):
    """A setting: a currency that is legal tender today."""

    __slots__ = ()


class PeriodName(str):
    """A setting: a day, a week, a month, a year or a lifetime."""

    __slots__ = ()

    @property
    def period(self) -> Period:
        """The period of this name."""
        return next(period for period in PERIODS if period == self)


class PoolKey(str):
    """A setting: the key of a pool of coupons."""

    __slots__ = ()


KINDS: dict[str, Kind] = {}

RuleT = TypeVar("RuleT")


def reward_rule(name: str, *, label: str, sentence: str = "") -> Callable[[type[RuleT]], type[RuleT]]:
    """Make a dataclass known as the kind of rule that is called `name`. See Kind for `label` and `sentence`."""

    def register(settings: type[RuleT]) -> type[RuleT]:
        if name in KINDS:
            raise ValueError(f"two kinds of rule are called {name}")
        KINDS[name] = Kind(name, label, settings, sentence)
        return settings

    return register


def read_settings(kind: Kind, raw: object) -> RewardRule:
    """Return a rule of this kind with the settings of a TOML or JSON table. Raises SettingError."""
    if not isinstance(raw, Mapping):
        raise SettingError("settings", 'must be a table, as in { percent = "20" }')
    wanted = {field.name: field for field in fields(kind.settings)}
    if unknown := sorted(set(raw) - set(wanted)):
        raise SettingError(f"settings.{unknown[0]}", f"is not a setting of {kind.name}, which takes {_list(wanted)}")
    values: dict[str, object] = {}
    for name, field in wanted.items():
        if name in raw:
            try:
                values[name] = _READERS[_type_of(field)](raw[name])
            except ValueError as error:
                raise SettingError(f"settings.{name}", str(error)) from error
        elif field.default is MISSING:
            raise SettingError(f"settings.{name}", f"is missing; {kind.name} takes {_list(wanted)}")
    try:
        rule: RewardRule = kind.settings(**values)
    except SettingError as error:
        raise SettingError(f"settings.{error.field}", error.problem, error.words) from error
    return rule


def kind_of(rule: RewardRule) -> Kind:
    """Return the kind that a rule's settings belong to."""
    return next(kind for kind in KINDS.values() if kind.settings is type(rule))


def counting_of(rule: RewardRule) -> Counting | None:
    """Return how a rule's kind counts friends; None for one that does not."""
    counting: Counting | None = getattr(rule, "counting", None)
    return counting


def counts_friends(kind: Kind) -> bool:
    """Say whether all rules of a kind count the friends of a referrer."""
    return hasattr(kind.settings, "counting")


def asks_for_signup(rule: RewardRule) -> bool:
    """Say whether what a rule pays depends on when the friend signed up, which is only then kept of it."""
    return bool(getattr(rule, "asks_for_signup", False))


def paying_example(kind: Kind) -> tuple[RewardRule, Facts, Earned] | None:
    """Return the first example of a kind's file that pays, for people to see what the kind is like."""
    for rule, about, _expected in getattr(sys.modules[kind.settings.__module__], "EXAMPLES", ()):
        answer = rule.reward(about)
        if isinstance(answer, Earned) and about.amount is not None:
            return rule, about, answer
    return None


def plain_settings(rule: RewardRule) -> dict[str, object]:
    """Return a rule's settings as TOML and JSON can hold them, every one but those that there are none of."""
    values = {field.name: getattr(rule, field.name) for field in fields(rule)}  # type: ignore[arg-type]
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, Percent):
        return value.text
    if isinstance(value, PercentSteps | AmountSteps):
        return value.plain
    if isinstance(value, bool):
        return value
    return int(value) if isinstance(value, int) else str(value)


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(names)


def _read_percent(raw: object) -> Percent:
    if not isinstance(raw, str):
        raise ValueError(PERCENT_PROBLEM)
    return Percent(raw)


def _read_count(raw: object) -> int:
    if type(raw) is not int or not 1 <= raw <= MOST:
        raise ValueError(f"must be a whole number from 1 to {MOST}")
    return raw


def _read_months(raw: object) -> Months:
    if type(raw) is not int or not 1 <= raw <= MOST_MONTHS:
        raise ValueError(f"must be a whole number of months from 1 to {MOST_MONTHS}")
    return Months(raw)


def _read_minor_units(raw: object) -> MinorUnits:
    if type(raw) is not int or not 1 <= raw <= LARGEST:
        raise ValueError(f"must be an amount in minor units, a whole number from 1 to {LARGEST}")
    return MinorUnits(raw)


def _read_currency(raw: object) -> CurrencyCode:
    if not isinstance(raw, str) or raw not in EXPONENTS:
        raise ValueError('must be the three capital letters of a currency that is legal tender today, as in "USD"')
    return CurrencyCode(raw)


def _read_period(raw: object) -> PeriodName:
    if not isinstance(raw, str) or raw not in PERIODS:
        raise ValueError(f"must be {' or '.join(PERIODS)}, not {raw!r}")
    return PeriodName(raw)


def _read_bool(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("must be true or false")
    return raw


def _read_pool(raw: object) -> PoolKey:
    if not isinstance(raw, str) or len(raw) > LONGEST_KEY or not KEY.fullmatch(raw):
        raise ValueError('must be the key of a coupon pool, lower-case words with hyphens, as in "autumn-2026"')
    return PoolKey(raw)


_READERS: dict[type[Any], Callable[[object], object]] = {
    Percent: _read_percent,
    int: _read_count,
    Months: _read_months,
    MinorUnits: _read_minor_units,
    CurrencyCode: _read_currency,
    PeriodName: _read_period,
    bool: _read_bool,
    PercentSteps: PercentSteps.read,
    AmountSteps: AmountSteps.read,
    PoolKey: _read_pool,
}
