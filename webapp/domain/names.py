"""Names of people: what can be one, and what a referrer may see of a friend's."""

import re
import unicodedata
from typing import Literal

LONGEST = 80
# Of what is typed: spelling a text anew takes the longer the more of it there is, squared. It cannot become a name any
# more, since no more than a handful of characters ever become one.
_LONGEST_TYPED = 1_000

# What somebody is called of whom everything was erased. It is words, so it is neither cut nor made initials of.
GONE = "Someone who left"

# Words with dots inside. The ideographic full stop is a dot to browsers, too.
_DOTTED = re.compile(r"[\w-]+(?:[.。][\w-]+)+")
# What mail programs make a link of by itself, beside the two letters of every country.
_ENDS = """
adult agency app art bet bid biz blog buzz casino center chat click cloud club com company dev digital edu email
expert fun game games gov group guru icu info int life link live loan lol ltd media mil mobi monster name net
network news ninja one online org page party poker porn pro rest rocks sale services sex shop site social solutions
space store stream support surf systems team tech today top trade tube uno video vip website wiki win work world wtf
xxx xyz zone
"""
_ENDS_OF_HOSTS = frozenset(_ENDS.split())
# "Dr.Li" is a person, though Liechtenstein has hosts.
_TITLES = frozenset(("dr", "fr", "jr", "ma", "mc", "mr", "mrs", "ms", "prof", "sr", "st", "ste"))

# Letters and signs that show nothing: of Hangul what stands for a missing one, and Braille without a dot. With them a
# name would be no word, or a whole sentence one word.
_BLANKS = frozenset("\u115f\u1160\u2800")

NameProblem = Literal["empty", "long", "invisible", "address", "no_letters"]


def tidy_name(name: str) -> str:
    """Return a name as it is stored: one spelling of each character, single spaces. One without end is cut."""
    return " ".join(unicodedata.normalize("NFKC", " ".join(name.split())[:_LONGEST_TYPED]).split())


def problem_with(name: str) -> NameProblem | None:
    """Return what keeps a tidied name from being shown to others, or None when nothing does."""
    if not name:
        return "empty"
    if len(name) > LONGEST:
        return "long"
    if any(unicodedata.category(character)[0] == "C" or character in _BLANKS for character in name):
        return "invisible"
    if _could_be_an_address(name):
        return "address"
    return None if any(character.isalnum() for character in name) else "no_letters"


def first_name(name: str) -> str:
    """Return the first word of a name; empty for one that could be an address, and of somebody who left."""
    words = _words(name)
    return words[0] if words and name != GONE else ""


def masked_name(name: str) -> str:
    """Return first name and initial, as in "Bob M."; empty when nothing may be shown.

    A name that could be somebody's e-mail address, or a site's, is never shown.
    """
    words = _words(name)
    if not words or name == GONE:
        return ""
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][0]}."


def initials(name: str) -> str:
    """Return one or two capital letters for the round picture; "?" when nothing may be shown."""
    words = _words(name)
    if not words or name == GONE:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _could_be_an_address(name: str) -> bool:
    return "@" in name or "://" in name or any(_looks_like_a_host(word) for word in _DOTTED.findall(name))


def _looks_like_a_host(word: str) -> bool:
    """Say whether readers, or their mail programs, would take a word with dots inside for the address of a site.

    "J.R.", "St.John" and "M.Sc." are none.
    """
    *labels, end = re.split("[.。]", word.casefold())
    if labels[0] == "www" or end in _ENDS_OF_HOSTS or end.startswith("xn--"):
        return True
    if end.isdigit():
        return len(labels) == 3 and all(label.isdigit() for label in labels)
    of_a_country = len(end) == 2 and end.isalpha()
    return of_a_country and not all(len(label) == 1 or label in _TITLES for label in labels)


def _words(name: str) -> list[str]:
    return [] if _could_be_an_address(name) else name.split()
