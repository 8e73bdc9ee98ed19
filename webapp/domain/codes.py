"""The codes that stand in links: how they are made and how they are read.

A code is shown in upper case and read in either case. The alphabet leaves out
O, I and L, so that 0 and 1 have no double; a person who types O, I or L means
0 or 1 and is understood.
"""

import math
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTUVWXYZ"
GENERATED_LENGTH = 10
LONGEST = 32

_LOOK_ALIKES = str.maketrans("OIL", "011")
# Letters and the digits that read like them; 1 reads like both I and L.
_READS_LIKE = str.maketrans("OILEAST", "0113457")
# Words nobody wants to send to a friend.
_OFFENSIVE_WORDS = """
ANAL ANUS ARSE ASS BITCH BOOB CLIT COCK COON CUM CUNT DAMN DICK DYKE FAG FUC FUK FUCK GOOK HEIL HELL HOMO JEW JIZZ KKK
KIKE KILL NAZI NIG NEGRO NUDE PAKI PEDO PENIS PISS POO PORN PUSSY RAPE SEX SHIT SLUT SPIC SUCK TIT TURD TWAT VAGINA
WANK WHORE XXX
"""
_OFFENSIVE = frozenset(_OFFENSIVE_WORDS.translate(_READS_LIKE).split())


def new_code(choose: Callable[[str], str]) -> str:
    """Make a code of `GENERATED_LENGTH` characters.

    `choose` picks one character of the alphabet; outside tests it is
    `secrets.choice`. Codes that contain an offensive word are made again.
    """
    while True:
        code = "".join(choose(ALPHABET) for _ in range(GENERATED_LENGTH))
        if not is_offensive(code):
            return code


def code_key(text: str) -> str | None:
    """Return the one spelling under which a code is stored and looked up.

    None when `text` cannot be a code at all: empty, longer than `LONGEST`, or
    with anything but ASCII letters, digits and hyphens between them.
    """
    text = text.strip(" ")
    if not 0 < len(text) <= LONGEST or not text.isascii():
        return None
    if not all(part.isalnum() for part in text.split("-")):
        return None
    return text.upper().translate(_LOOK_ALIKES)


def is_offensive(code: str) -> bool:
    """Say whether a code reads like a word nobody wants to send to a friend, in letters, in digits or in both."""
    read = code.upper().translate(_READS_LIKE)
    return any(word in read for word in _OFFENSIVE)


def generated_bits() -> float:
    """Upper bound of what a generated code's characters carry, in bits, before offensive ones are left out."""
    return GENERATED_LENGTH * math.log2(len(ALPHABET))
