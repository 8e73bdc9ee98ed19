"""What somebody can make of a key, a token or a signed value that they saw. The same value gives the same ones."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote


def altered(value: str, *, others: Iterable[str] = ()) -> list[str]:
    """Return alterations of a value, none of which is the value itself.

    `others` are values that look alike: of somebody else, for another purpose, signed with another key.
    """
    others = list(others)
    found = [*others, *_spelled(value), *_swapped(value, others), *_cut(value), *_flipped(value)]
    return [one for one in dict.fromkeys(found) if one.strip() != value]


def _spelled(value: str) -> Iterator[str]:
    yield from ("", ".", "..", "null", "undefined", "true", "*", "%", value * 2, value[::-1])
    yield from (value.upper(), value.lower(), value.swapcase(), value.title())
    yield from (
        f"{value}{more}" for more in ("=", "==", ".", "..", "!", "A", "\0", "%00", "%0a", "\u00e9", ";x", "/", "?")
    )
    yield from (f"{more}{value}" for more in (".", "\0", "0", "A", "!", "=", "%20", "%0d%0a", "\u00a0"))
    yield from (f'"{value}"', f"'{value}'", f"{{{value}}}", f"[{value}]", f"urn:uuid:{value}", f"{value},{value}")
    yield value.replace("-", "+").replace("_", "/") if set("-_") & set(value) else f"{value}+/"
    yield "".join(f"%{ord(character):02x}" for character in value)
    yield quote(quote(value, safe=""), safe="") + "%"
    yield "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in value)
    yield urlsafe_b64encode(value.encode()).decode()
    yield value.encode().hex()
    with suppress(ValueError):
        yield urlsafe_b64decode(value + "==").hex()


def _swapped(value: str, others: list[str]) -> Iterator[str]:
    """Parts of one and of another, which are each as they were made."""
    mine = value.split(".")
    for other in others:
        theirs = other.split(".")
        if len(mine) == len(theirs) > 1:
            for place in range(len(mine)):
                yield ".".join([*mine[:place], theirs[place], *mine[place + 1 :]])
        half = len(value) // 2
        yield value[:half] + other[half:]
        yield other[:half] + value[half:]
    if len(mine) > 1:
        yield from (".".join(reversed(mine)), mine[0], mine[-1], ".".join(mine[:-1]) + ".", "." + ".".join(mine[1:]))


def _cut(value: str) -> Iterator[str]:
    chance = random.Random(f"cut {len(value)}")
    for _ in range(12):
        at = chance.randrange(len(value))
        yield value[:at]
        yield value[at + 1 :]
        yield value[:at] + value[at + 1 :]


def _flipped(value: str) -> Iterator[str]:
    """One bit of one character, and two characters that change places."""
    chance = random.Random(f"flip {len(value)}")
    for _ in range(50):
        at = chance.randrange(len(value))
        flipped = chr(ord(value[at]) ^ (1 << chance.randrange(7)))
        yield value[:at] + flipped + value[at + 1 :]
        if at and value[at] != value[at - 1]:
            yield value[: at - 1] + value[at] + value[at - 1] + value[at + 1 :]
