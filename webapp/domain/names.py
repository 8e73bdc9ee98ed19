"""Names of people: what can be one, and what a referrer may see of a friend's."""

import unicodedata
from typing import Literal

LONGEST = 80

NameProblem = Literal["empty", "long", "invisible", "address", "no_letters"]


def tidy_name(name: str) -> str:
    """Return a name as it is stored: one spelling of each character, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def problem_with(name: str) -> NameProblem | None:
    """Return what keeps a tidied name from being shown to others, or None when nothing does."""
    if not name:
        return "empty"
    if len(name) > LONGEST:
        return "long"
    if any(unicodedata.category(character)[0] == "C" for character in name):
        return "invisible"
    if "@" in name or "://" in name:
        return "address"
    return None if any(character.isalnum() for character in name) else "no_letters"


def first_name(name: str) -> str:
    """Return the first word of a name; empty for one that could be an address."""
    words = _words(name)
    return words[0] if words else ""


def masked_name(name: str) -> str:
    """Return first name and initial, as in "Bob M."; empty when nothing may be shown.

    A name with an @ could be somebody's e-mail address and is never shown.
    """
    words = _words(name)
    if not words:
        return ""
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][0]}."


def initials(name: str) -> str:
    """Return one or two capital letters for the round picture; "?" when nothing may be shown."""
    words = _words(name)
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _words(name: str) -> list[str]:
    return [] if "@" in name else name.split()
