"""Passwords: which may be chosen, and Argon2id, which takes the same time for an account that does not exist."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from importlib.util import find_spec
from runpy import run_path
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

SHORTEST = 8
LONGEST = 256
# A shorter word of a name or an address says nothing of a password that holds it; no name and no address is longer than
# so many characters, whatever was typed into their fields.
_SHORTEST_WORD, _LONGEST_OWN = 3, 320

PasswordProblem = Literal["short", "long", "common", "own"]


def problem_with(password: str, *, own: Collection[str] = ()) -> PasswordProblem | None:
    """Return why nobody should choose this password, None for a good one. `own` is their name and their address.

    Every character counts, whatever the alphabet. "common" is one that is tried first, "own" one that is made of
    nothing but a word of theirs, and digits perhaps.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    folded = _folded(password)
    if len(set(folded)) == 1 or folded in _common():
        return "common"
    if not _spellings(folded).isdisjoint(_words(own)):
        return "own"
    return None


def hash_password(password: str) -> str:
    """Return an Argon2id hash with the application's cost."""
    return _hasher(*_cost()).hash(_as_typed(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Say whether the password is right. None (no account, or one without a password) takes as long and is wrong."""
    # Made at the first of all questions, whoever it is about.
    hasher, stand_in = _hasher(*_cost()), _stand_in(*_cost())
    try:
        return hasher.verify(password_hash or stand_in, _as_typed(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str | None) -> bool:
    """Say whether a hash was made at another cost than the one in force, which would show in the time it takes."""
    return password_hash is not None and _hasher(*_cost()).check_needs_rehash(password_hash)


def _cost() -> tuple[int, int]:
    return current_app.config["ARGON2_PASSES"], current_app.config["ARGON2_MEMORY_KIB"]


@lru_cache
def _hasher(passes: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)


@lru_cache
def _stand_in(passes: int, memory_kib: int) -> str:
    return _hasher(passes, memory_kib).hash("nobody has this password")


def _as_typed(password: str) -> str:
    """Return one spelling of what looks the same: one keyboard sends an accent by itself, another a letter with it."""
    return unicodedata.normalize("NFC", password)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _spellings(folded: str) -> set[str]:
    """Return a text without signs, and also without digits at its ends."""
    bare = "".join(character for character in folded if character.isalnum())
    return {bare, bare.strip("0123456789")}


def _words(own: Collection[str]) -> Iterator[str]:
    """Yield what names and addresses are made of: the whole, both sides of an @, and each word."""
    for text in (_folded(one[:_LONGEST_OWN]) for one in own):
        for part in (text, *text.split("@"), *re.split(r"[\W_]+", text)):
            yield from (word for word in _spellings(part) if len(word) >= _SHORTEST_WORD)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Return the common passwords that zxcvbn ships, of those that are long enough.

    Read when first asked for, from their file alone: the package around it would build all its tables.
    """
    package = find_spec("zxcvbn")
    (folder,) = (package.submodule_search_locations or ()) if package else ()
    lists = run_path(f"{folder}/frequency_lists.py")["FREQUENCY_LISTS"]
    return frozenset(word for word in lists["passwords"] if len(word) >= SHORTEST)
