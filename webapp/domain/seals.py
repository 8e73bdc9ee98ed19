"""What is left of an id when the person it told of is forgotten: enough to know it again, and nothing to read.

A seal is made with the key of the site, which stands in no database: whoever has a copy of the tables cannot try ids
until one fits. Whoever sends the same id again is understood: a refund finds its order, an event that was counted is
not counted twice, and a code that was shared leads to nobody else.
"""

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

PREFIX = "erased-"
# 160 bits in hexadecimal digits.
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Sealer:
    """Makes seals with one key, the same for the same id for ever. Ids of different kinds have different seals."""

    key: bytes = field(repr=False)

    def seal(self, of: str, text: str) -> str:
        """Return the seal of an id; that of a seal is itself."""
        if is_sealed(text):
            return text
        said = f"{of}\0{text}".encode()
        return PREFIX + hmac.digest(self.key, said, sha256).hex()[:_DIGITS]


def is_sealed(text: str) -> bool:
    """Say whether a text is a seal, by its looks."""
    digits = text.removeprefix(PREFIX)
    return len(digits) == _DIGITS and text.startswith(PREFIX) and not set(digits) - set("0123456789abcdef")


def with_words_replaced(body: str, words: Mapping[str, str]) -> str:
    """Return a body of JSON in which texts that are one of these words, or have it in them, say another instead.

    Written as the API writes it, so that putting the words back gives the very same octets.
    """
    known = {word: instead for word, instead in words.items() if word}
    if not known:
        return body
    pattern = of_words(known)
    replaced = _replaced(json.loads(body), lambda text: pattern.sub(lambda found: known[found[0]], text))
    return json.dumps(replaced, ensure_ascii=False, separators=(",", ":"))


def of_words(words: Iterable[str], *, ignoring_case: bool = False) -> re.Pattern[str]:
    """Return what finds these words as they stand by themselves, the longer ones first."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest_first)
    return re.compile(pattern, re.IGNORECASE if ignoring_case else 0)


def _replaced(value: Any, replace: Any) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_replaced(one, replace) for one in value]
    if isinstance(value, dict):
        return {name: _replaced(one, replace) for name, one in value.items()}
    return value
