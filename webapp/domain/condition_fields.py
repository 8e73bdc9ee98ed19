"""What the conditions of a reward rule may ask for, and how it is compared.

A field that a rule may ask for is one entry of `FIELDS`.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from webapp.domain.codes import code_key
from webapp.domain.facts import Detail, Facts
from webapp.domain.money import Money
from webapp.domain.sentences import N_

# What a condition compares with: an amount, a whole number above zero, a number of days, a currency, a type of event, a
# country, the code of a link, a text, or whatever a detail holds.
Takes = Literal["amount", "number", "days", "currency", "type", "country", "link", "text", "detail"]
# Which of the facts it is that have to be kept for a field; "" for what every decision keeps.
Source = Literal["", "details", "origin", "signed_up_at"]
# What takes texts that anybody may have written, of which a decision keeps only the rule's own.
OF_TEXTS: tuple[Takes, ...] = ("country", "link", "text", "detail")

METADATA = "metadata."
LONGEST_DETAIL_NAME = 200


@dataclass(frozen=True, slots=True)
class Op:
    """How two values are compared. `label` names it in a list, `words` say what it demands and what was there."""

    name: str
    label: str
    words: str
    holds: Callable[[Any, Any], bool]
    takes_list: bool = False


def _same(was: Any, value: Any) -> bool:
    return _alike(was, value) and bool(was == value)


def _one_of(was: Any, values: Any) -> bool:
    # A list holds one kind of values; `in` alone would take true for 1.
    return was in values and any(_same(was, value) for value in values)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda was, value: _alike(was, value) and compare(was, value)


def _alike(was: object, value: object) -> bool:
    """Say whether two values are of one kind: to Python, true is 1."""
    return isinstance(was, bool) == isinstance(value, bool) and isinstance(was, str) == isinstance(value, str)


OPS = {
    op.name: op
    for op in (
        Op("=", N_("is"), N_("%(field)s must be %(value)s, and was %(was)s."), _same),
        Op(
            "!=",
            N_("is not"),
            N_("%(field)s must not be %(value)s, and was %(was)s."),
            lambda was, value: not _same(was, value),
        ),
        Op(
            ">=",
            N_("is at least"),
            N_("%(field)s must be at least %(value)s, and was %(was)s."),
            _ordered(operator.ge),
        ),
        Op(
            ">",
            N_("is more than"),
            N_("%(field)s must be more than %(value)s, and was %(was)s."),
            _ordered(operator.gt),
        ),
        Op(
            "<=",
            N_("is at most"),
            N_("%(field)s must be at most %(value)s, and was %(was)s."),
            _ordered(operator.le),
        ),
        Op(
            "<",
            N_("is less than"),
            N_("%(field)s must be less than %(value)s, and was %(was)s."),
            _ordered(operator.lt),
        ),
        Op(
            "in",
            N_("is one of"),
            N_("%(field)s must be one of %(value)s, and was %(was)s."),
            _one_of,
            takes_list=True,
        ),
        Op(
            "not_in",
            N_("is none of"),
            N_("%(field)s must be none of %(value)s, and was %(was)s."),
            lambda was, values: not _one_of(was, values),
            takes_list=True,
        ),
    )
}
EQUALITY = ("=", "!=")
_ORDER = ("=", "!=", ">=", ">", "<=", "<")
MEMBERSHIP = ("=", "!=", "in", "not_in")
_ALL_OPS = tuple(OPS)


@dataclass(frozen=True, slots=True)
class Field:
    """Something of a conversion that a rule may ask for.

    `label` names it in a list of fields and begins a sentence. `get` answers
    with None when it was not reported or is not known.
    """

    name: str
    label: str
    takes: Takes
    ops: tuple[str, ...]
    get: Callable[[Facts, str], Money | Detail]
    source: Source = ""

    def spelled(self, value: Any) -> Any:
        """Return a value in the one spelling in which it is compared: codes of links are read in either case."""
        return code_key(value) or value if self.takes == "link" and isinstance(value, str) else value


def _told(name: str, label: str) -> Field:
    """Return the field of a text that the business reports as metadata of the same name."""
    return Field(name, label, "text", MEMBERSHIP, lambda facts, name: facts.details.get(name), "details")


def _came(name: str, label: str, takes: Takes = "text") -> Field:
    """Return the field of something that is known of how the friend came."""
    return Field(name, label, takes, MEMBERSHIP, lambda facts, name: facts.origin.get(name), "origin")


# What a form offers, in this order. The last one stands for all details: its name is only how theirs begin.
FIELDS = {
    known.name: known
    for known in (
        Field("amount", N_("The amount"), "amount", _ORDER, lambda facts, _name: facts.amount),
        Field(
            "currency",
            N_("The currency"),
            "currency",
            MEMBERSHIP,
            lambda facts, _name: facts.amount.currency if facts.amount else None,
        ),
        Field("type", N_("The type of the event"), "type", MEMBERSHIP, lambda facts, _name: facts.type),
        Field(
            "nth_purchase",
            N_("The number of the purchase"),
            "number",
            _ALL_OPS,
            lambda facts, _name: facts.nth_purchase,
        ),
        _told("product", N_("The product")),
        _told("plan", N_("The plan")),
        Field(
            "account_age_days",
            N_("Days since the signup"),
            "days",
            _ALL_OPS,
            lambda facts, _name: facts.account_age_days,
            "signed_up_at",
        ),
        _came("country", N_("The click’s country"), "country"),
        _came("link", N_("The link"), "link"),
        _came("utm_source", N_("Campaign source (utm_source)")),
        _came("utm_medium", N_("Campaign medium (utm_medium)")),
        _came("utm_campaign", N_("Campaign name (utm_campaign)")),
        Field(
            METADATA,
            N_("A detail of the event"),
            "detail",
            _ALL_OPS,
            lambda facts, name: facts.details.get(name.removeprefix(METADATA)),
            "details",
        ),
    )
}


def field_named(name: str) -> Field | None:
    """Return the field that a condition asks for by this name, for a detail that of all details."""
    if name.startswith(METADATA):
        detail = name.removeprefix(METADATA)
        return FIELDS[METADATA] if 0 < len(detail) <= LONGEST_DETAIL_NAME and detail.isprintable() else None
    return FIELDS.get(name)
