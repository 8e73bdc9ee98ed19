"""Which conversions a rule is for: its conditions as they are written, and how each comes out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal, TypeGuard, TypeVar

from webapp.domain.codes import code_key
from webapp.domain.condition_fields import (
    EQUALITY,
    FIELDS,
    MEMBERSHIP,
    METADATA,
    OF_TEXTS,
    OPS,
    Field,
    Op,
    Source,
    Takes,
    field_named,
)
from webapp.domain.countries import COUNTRIES
from webapp.domain.facts import CONVERSION_TYPE, Detail, Facts, Skipped
from webapp.domain.money import EXPONENTS, LARGEST, Money
from webapp.domain.quotes import Pair, convert, quote_for
from webapp.domain.registry import MOST, SettingError
from webapp.domain.sentences import N_, Sentence

Code = Literal["condition_false", "currency_differs", "value_missing"]
CODES: tuple[Code, ...] = ("condition_false", "currency_differs", "value_missing")
Value = str | int | tuple[str | int, ...]
DetailT = TypeVar("DetailT", bound=Detail)

MOST_CONDITIONS, MOST_VALUES = 20, 50
LONGEST_TEXT = 200
LARGEST_NUMBER = 2**53 - 1
_TYPE = re.compile(CONVERSION_TYPE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `currency` is the amount's, None for every other field."""

    field: str
    op: str
    value: Value
    currency: str | None = None
    # Two conditions are equal when they compare alike; to Python, 1 equals true.
    kind: str = dataclass_field(init=False, repr=False)

    def __post_init__(self) -> None:
        value = self.value[0] if isinstance(self.value, tuple) else self.value
        object.__setattr__(self, "kind", type(value).__name__)

    def check(self, facts: Facts) -> "Check":
        """Say whether it holds for a conversion, and what was there."""
        known = _known(self.field)
        was = known.get(facts, self.field)
        if was is None:
            missing = N_("not known") if known.source in ("origin", "signed_up_at") else N_("not reported")
            return Check(self, "value_missing", self._said(known, Sentence(missing)))
        if isinstance(was, Money):
            worth = convert(was, str(self.currency), facts.quotes)
            if worth is None:
                return Check(self, "currency_differs", self._said(known, was))
            holds = OPS[self.op].holds(worth.minor, self.value)
            quote = quote_for(was.currency, worth.currency, facts.quotes)
            values = {"amount": was, "worth": worth, "quote": quote.in_words() if quote else ""}
            shown = Sentence(N_("%(amount)s (%(worth)s at %(quote)s)"), values) if quote else was
            return Check(self, None if holds else "condition_false", self._said(known, shown))
        value = self.value
        wanted = tuple(map(known.spelled, value)) if isinstance(value, tuple) else known.spelled(value)
        holds = OPS[self.op].holds(known.spelled(was), wanted)
        return Check(self, None if holds else "condition_false", self._said(known, self._shown(known, was)))

    def table(self) -> dict[str, Any]:
        """Return the condition as an inline table of TOML."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        table: dict[str, Any] = {"field": self.field, "op": self.op, "value": value}
        return table if self.currency is None else {**table, "currency": self.currency}

    def in_words(self) -> Sentence:
        """Say what it demands, as in "The amount is at least $20.00"."""
        known = _known(self.field)
        label = Sentence(known.label)
        value = self._wanted()
        if known.takes == "detail":
            label = Sentence(N_("The detail “%(name)s”"), {"name": self.field.removeprefix(METADATA)})
        if known.takes in ("detail", "text", "link"):
            values = self.value if isinstance(self.value, tuple) else (self.value,)
            # A text is told from a number that looks like it.
            value = tuple(
                Sentence(N_("“%(text)s”"), {"text": one}) if isinstance(one, str) else _truth(one) for one in values
            )
        return Sentence(
            N_("%(field)s %(op)s %(value)s"), {"field": label, "op": Sentence(OPS[self.op].label), "value": value}
        )

    def _said(self, known: Field, was: object) -> Sentence:
        label = self.field if known.takes == "detail" else Sentence(known.label)
        return Sentence(OPS[self.op].words, {"field": label, "value": self._wanted(), "was": was})

    def _wanted(self) -> object:
        if isinstance(self.value, tuple):
            return ", ".join(str(value) for value in self.value)
        if self.currency is not None and isinstance(self.value, int):
            return Money(self.value, self.currency)
        return _truth(self.value)

    def _shown(self, known: Field, was: Money | Detail) -> object:
        """Return what was there as a sentence may say it: of what people write themselves, only words of the rule."""
        if known.takes in OF_TEXTS and isinstance(was, str) and not self.names(was):
            return Sentence(N_("something else"))
        return _truth(was)

    def names(self, text: str) -> bool:
        """Say whether it names this text itself."""
        known = _known(self.field)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return known.spelled(text) in {known.spelled(value) for value in values if isinstance(value, str)}


@dataclass(frozen=True, slots=True)
class Check:
    """How a condition came out: `code` is None when it holds, else why not."""

    condition: Condition
    code: Code | None
    because: Sentence

    @property
    def holds(self) -> bool:
        return self.code is None


@dataclass(frozen=True, slots=True)
class Checks:
    """How all conditions of a rule came out: every one of the first has to hold, and one of the second."""

    all_of: tuple[Check, ...]
    any_of: tuple[Check, ...]

    @property
    def unmet(self) -> Skipped | None:
        """Why the rule is not for this conversion; None when it is."""
        for check in self.all_of:
            if check.code is not None:
                return Skipped(check.code, check.because)
        codes = {check.code for check in self.any_of}
        if not self.any_of or None in codes:
            return None
        because = Sentence(N_("One of several conditions must hold, and none of them does."))
        if len(self.any_of) == 1:
            because = self.any_of[0].because
        # What they all lack, if that is one thing.
        return Skipped(str(codes.pop()) if len(codes) == 1 else "condition_false", because)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a rule: `all_of` have to hold every one, of `any_of` at least one, when there are any."""

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()

    def check(self, facts: Facts) -> Checks:
        """Say how each comes out for a conversion."""
        return Checks(
            tuple(condition.check(facts) for condition in self.all_of),
            tuple(condition.check(facts) for condition in self.any_of),
        )

    @property
    def asks_for_amount(self) -> bool:
        """Whether what comes out depends on how much was paid."""
        return any(condition.field == "amount" for condition in (*self.all_of, *self.any_of))

    def asks_for(self, source: Source) -> bool:
        """Say whether any condition looks at these facts."""
        return any(_known(condition.field).source == source for condition in (*self.all_of, *self.any_of))

    def pairs(self, facts: Facts) -> set[Pair]:
        """Return the currencies between which a condition has to compare."""
        found = set()
        for condition in (*self.all_of, *self.any_of):
            was = _known(condition.field).get(facts, condition.field) if condition.currency else None
            if isinstance(was, Money) and was.currency != condition.currency:
                found.add(frozenset((was.currency, str(condition.currency))))
        return found

    @property
    def asks_for_details(self) -> bool:
        """Whether what comes out depends on what the business told beside an event."""
        return self.asks_for("details")

    def looked_at(self, details: Mapping[str, Detail]) -> dict[str, Detail]:
        """Return what has to be kept of details so that every condition comes out the same.

        Details may hold anything, and decisions are kept for good: a text that
        no condition names becomes an empty one, which equals none either.
        """
        return self._kept("details", details)

    def looked_at_of_origin(self, origin: Mapping[str, str]) -> dict[str, str]:
        """Return in the same way what has to be kept of how the friend came."""
        return self._kept("origin", origin)

    def _kept(self, source: Source, told: Mapping[str, DetailT]) -> dict[str, DetailT]:
        kept: dict[str, Any] = {}
        for condition in (*self.all_of, *self.any_of):
            name = condition.field.removeprefix(METADATA)
            if _known(condition.field).source != source or told.get(name) is None:
                continue
            was = told[name]
            if not isinstance(was, str) or condition.names(was):
                kept[name] = was
            else:
                kept.setdefault(name, "")
        return kept

    def table(self) -> dict[str, Any]:
        """Return the conditions as a TOML table; a list that is empty stays out."""
        lists = {"all": self.all_of, "any": self.any_of}
        return {name: [condition.table() for condition in of] for name, of in lists.items() if of}


def read_conditions(raw: object) -> Conditions:
    """Return the conditions of a TOML or JSON table. Raises SettingError, which names the place, counted from 1."""
    if not isinstance(raw, Mapping) or not raw:
        example = '{ all = [{ field = "currency", op = "=", value = "USD" }] }'
        raise SettingError("when", f"must be a table with all or any, as in {example}")
    if unknown := [name for name in raw if name not in ("all", "any")]:
        raise SettingError(f"when.{unknown[0]}", "is not known; conditions stand in all or in any")
    return Conditions(*(_read_list(f"when.{name}", raw[name]) if name in raw else () for name in ("all", "any")))


def _read_list(path: str, raw: object) -> tuple[Condition, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_CONDITIONS:
        raise SettingError(path, f"must be a list of 1 to {MOST_CONDITIONS} conditions")
    return tuple(_read(f"{path}[{number}]", one) for number, one in enumerate(raw, 1))


def _read(path: str, raw: object) -> Condition:
    if not isinstance(raw, Mapping):
        raise SettingError(path, 'must be a table, as in { field = "currency", op = "=", value = "USD" }')
    parts = ("field", "op", "value", "currency")
    if unknown := [name for name in raw if name not in parts]:
        raise SettingError(f"{path}.{unknown[0]}", f"is not part of a condition, which has {', '.join(parts)}")
    for name in parts[:3]:
        if name not in raw:
            raise SettingError(f"{path}.{name}", "is missing")
    name = raw["field"]
    known = field_named(name) if isinstance(name, str) else None
    if known is None:
        names = ", ".join(one for one in FIELDS if one != METADATA)
        raise SettingError(f"{path}.field", f"must be one of {names} or {METADATA} with a name, not {name!r}")
    op = _read_op(path, raw, known, name)
    try:
        value = _read_value(known.takes, raw["value"], op)
    except ValueError as error:
        raise SettingError(f"{path}.value", str(error)) from error
    return Condition(name, op.name, value, _read_currency(path, raw, known))


def _read_op(path: str, raw: Mapping[str, Any], known: Field, name: str) -> Op:
    ops, such = known.ops, ""
    if known.takes == "detail":
        sample = raw["value"][0] if isinstance(raw["value"], list) and raw["value"] else raw["value"]
        # Words have no order here, and of true and false there are only two.
        if isinstance(sample, bool):
            ops, such = EQUALITY, " with true or false"
        elif isinstance(sample, str):
            ops, such = MEMBERSHIP, " with text"
    if not isinstance(raw["op"], str) or raw["op"] not in ops:
        raise SettingError(f"{path}.op", f"must be one of {', '.join(ops)} for {name}{such}, not {raw['op']!r}")
    return OPS[raw["op"]]


def _read_value(takes: Takes, raw: object, op: Op) -> Value:
    read = _READERS[takes]
    if not op.takes_list:
        return read(raw)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_VALUES:
        raise ValueError(f"must be a list of 1 to {MOST_VALUES} values for {op.name}")
    values = tuple(read(one) for one in raw)
    if len({type(value) for value in values}) > 1:
        raise ValueError("must hold either only text or only whole numbers")
    return values


def _read_currency(path: str, raw: Mapping[str, Any], known: Field) -> str | None:
    if known.takes != "amount":
        if "currency" in raw:
            raise SettingError(f"{path}.currency", "goes with an amount only")
        return None
    if "currency" not in raw:
        raise SettingError(f"{path}.currency", "is missing; an amount never stands without its currency")
    try:
        return _currency(raw["currency"])
    except ValueError as error:
        raise SettingError(f"{path}.currency", str(error)) from error


def _known(name: str) -> Field:
    known = field_named(name)
    if known is None:
        raise ValueError(f"{name} is not a field of a condition")
    return known


def _truth(value: object) -> object:
    if isinstance(value, bool):
        return Sentence(N_("true")) if value else Sentence(N_("false"))
    return value


def _whole(raw: object, least: int, most: int, what: str) -> int:
    if type(raw) is not int or not least <= raw <= most:
        raise ValueError(f"must be {what} from {least} to {most}")
    return raw


def _currency(raw: object) -> str:
    if not isinstance(raw, str) or raw not in EXPONENTS:
        raise ValueError('must be the three capital letters of a currency that is legal tender today, as in "USD"')
    return raw


def _type(raw: object) -> str:
    if not isinstance(raw, str) or not _TYPE.fullmatch(raw):
        raise ValueError("must be signup, purchase, renewal or a type of your own")
    return raw


def _country(raw: object) -> str:
    if not isinstance(raw, str) or raw not in COUNTRIES:
        raise ValueError('must be the two capital letters of a country, as in "DE"')
    return raw


def _link(raw: object) -> str:
    if not isinstance(raw, str) or code_key(raw) is None or raw != raw.strip():
        raise ValueError("must be the code of a link: letters, digits and hyphens")
    return raw


def _is_text(raw: object) -> TypeGuard[str]:
    return isinstance(raw, str) and 0 < len(raw) <= LONGEST_TEXT and raw.isprintable()


def _text(raw: object) -> str:
    if not _is_text(raw):
        raise ValueError(f"must be a text of 1 to {LONGEST_TEXT} characters")
    return raw


def _detail(raw: object) -> str | int:
    if isinstance(raw, bool) or _is_text(raw):
        return raw
    if type(raw) is int and abs(raw) <= LARGEST_NUMBER:
        return raw
    raise ValueError(f"must be a text of 1 to {LONGEST_TEXT} characters, a whole number, true or false")


_READERS: dict[Takes, Callable[[object], str | int]] = {
    "amount": lambda raw: _whole(raw, 0, LARGEST, "an amount in minor units, a whole number"),
    "number": lambda raw: _whole(raw, 1, MOST, "a whole number"),
    "days": lambda raw: _whole(raw, 0, MOST, "a whole number of days"),
    "currency": _currency,
    "type": _type,
    "country": _country,
    "link": _link,
    "text": _text,
    "detail": _detail,
}
