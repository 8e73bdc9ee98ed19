"""Sentences that carry their values.

Nothing is translated here: a sentence holds the message and what goes into it,
and the edge says it in the reader's language. `N_` and `NN_` only mark a
message, or its singular and plural, for extraction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.domain.money import Money


def N_(message: str) -> str:  # noqa: N802 - the name that message extraction knows
    return message


def NN_(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802 - likewise
    return singular, plural


@dataclass(frozen=True, slots=True)
class Moment:
    """A value that is said with its time, in the program's time zone, not only as a day."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message with its values; `plural` and `count` when the words depend on a number.

    Values that are aware datetimes are said as days, money in the reader's way;
    a value that is a sentence itself is said in the same language, a tuple as
    a list with commas.
    """

    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    plural: str | None = None
    count: int = 0


def counted(forms: tuple[str, str], count: int, values: Mapping[str, object]) -> Sentence:
    """Return a sentence whose words depend on a number."""
    return Sentence(forms[0], values, forms[1], count)


def plain(sentence: Sentence) -> str:
    """Say a sentence in English without any locale: what programs read and what is stored for good."""
    singular = sentence.plural is None or sentence.count == 1
    values = {
        name: value.date().isoformat() if isinstance(value, datetime) else _plain_value(value)
        for name, value in sentence.values.items()
    }
    return (sentence.message if singular else str(sentence.plural)) % values


def _plain_value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_plain_value(one) for one in value)
    if isinstance(value, Moment):
        return value.at.isoformat(sep=" ")
    return plain(value) if isinstance(value, Sentence) else str(value)


def to_stored(sentence: Sentence) -> dict[str, Any]:
    """Return a sentence as JSON can hold it."""
    stored: dict[str, Any] = {"message": sentence.message}
    if sentence.values:
        stored["values"] = {name: _value_to_stored(value) for name, value in sentence.values.items()}
    if sentence.plural is not None:
        stored |= {"plural": sentence.plural, "count": sentence.count}
    return stored


def from_stored(stored: Mapping[str, Any]) -> Sentence:
    """Return the sentence that `to_stored` was given."""
    values = {name: _value_from_stored(value) for name, value in stored.get("values", {}).items()}
    return Sentence(stored["message"], values, stored.get("plural"), stored.get("count", 0))


def _value_to_stored(value: object) -> object:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, Sentence):
        return to_stored(value)
    return value


def _value_from_stored(value: object) -> object:
    if isinstance(value, dict):
        if "message" in value:
            return from_stored(value)
        return datetime.fromisoformat(value["at"]) if "at" in value else Money(value["minor"], value["currency"])
    return value
