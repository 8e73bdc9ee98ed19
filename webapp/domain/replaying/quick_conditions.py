"""Conditions without words: whether they hold, asked about many conversions."""

import operator
from collections.abc import Callable
from typing import Any

from webapp.domain.condition_fields import OPS, Field, field_named
from webapp.domain.conditions import Condition, Conditions
from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.quotes import convert

_PLAIN: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def quick(conditions: Conditions) -> Callable[[Facts], bool]:
    """Return what says whether `check` finds nothing unmet, and no more."""
    all_of, any_of = ([_quick(condition) for condition in of] for of in (conditions.all_of, conditions.any_of))

    def hold_for(facts: Facts) -> bool:
        for holds in all_of:
            if not holds(facts):
                return False
        if not any_of:
            return True
        return any(holds(facts) for holds in any_of)

    return hold_for


def _quick(condition: Condition) -> Callable[[Facts], bool]:
    known = field_named(condition.field)
    if known is not None and known.takes in ("amount", "number") and condition.op in _PLAIN:
        return _of_numbers(condition, known)
    if known is not None and known.takes == "detail":
        return _of_detail(condition, known)
    return lambda facts: condition.check(facts).holds


def _of_numbers(condition: Condition, known: Field) -> Callable[[Facts], bool]:
    """Amounts and numbers are whole numbers, so that Python itself compares them."""
    name, value, currency, get = condition.field, condition.value, condition.currency, known.get
    compare = _PLAIN[condition.op]
    if known.takes == "amount":

        def amount_holds(facts: Facts) -> bool:
            was = get(facts, name)
            if not isinstance(was, Money):
                return False
            worth = was if was.currency == currency else convert(was, str(currency), facts.quotes)
            return worth is not None and compare(worth.minor, value)

        return amount_holds
    return lambda facts: (was := get(facts, name)) is not None and compare(was, value)


def _of_detail(condition: Condition, known: Field) -> Callable[[Facts], bool]:
    name, value, get, holds = condition.field, condition.value, known.get, OPS[condition.op].holds
    return lambda facts: (was := get(facts, name)) is not None and holds(was, value)
