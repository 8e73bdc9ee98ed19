"""The codes that stand in links: how they are made and how they are read.

A code is shown in upper case and read in either case. The alphabet leaves out
O, I and L, so that 0 and 1 have no double; a person who types O, I or L means
0 or 1 and is understood.
"""

import math
from collections.abc import Callable
from typing import Literal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTUVWXYZ"
GENERATED_LENGTH = 10
LONGEST = 40
# Of a code that somebody chooses: fewer characters are too easily meant for something else.
SHORTEST_CHOSEN = 3

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
# Words that would pass for a page of the site, or for the business itself.
_RESERVED_WORDS = """
ABOUT ACCOUNT ACCOUNTS ADMIN ADMINISTRATOR ANALYTICS API APP AUTH BILLING CASH CLICK CODE CONTACT COUPON DASHBOARD DEMO
DOCS DOWNLOAD EMAIL FAQ FEEDBACK FORGOT FRAUD FREE FRIEND GIFT GRAPEVINE HELP HOME HTTP HTTPS INFO INVITE JOBS JOIN
LEGAL LINK LINKS LIVE LOGIN LOGOUT MAIL ME METRICS MODERATOR NEW NEWS NONE NULL OFFICIAL PASSWORD PAY PAYMENT PAYMENTS
PAYOUT PAYOUTS PRIVACY PROFILE REFERRAL REFERRALS REFERRER REGISTER RESET REWARD REWARDS ROBOTS ROOT SECURE SECURITY
SETTINGS SHARE SIGN-IN SIGN-UP SIGNIN SIGNUP STAFF STATIC STATUS SUPPORT SYSTEM TEAM TERMS TEST UNDEFINED UNSUBSCRIBE
USER USERS VERIFY WEBHOOK WEBMASTER WWW
"""

CodeProblem = Literal["short", "long", "characters", "reserved", "offensive"]


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


def problem_with_chosen(code: str) -> CodeProblem | None:
    """Return what keeps a code that somebody chose from being a link's, or None when nothing does.

    A reserved word is refused in every spelling that is read as the same code.
    Whether another link has the code already is for the links to say.
    """
    code = code.strip(" ")
    if len(code) < SHORTEST_CHOSEN:
        return "short"
    if len(code) > LONGEST:
        return "long"
    key = code_key(code)
    if key is None:
        return "characters"
    if key in _RESERVED or key.replace("-", "") in _RESERVED:
        return "reserved"
    return "offensive" if is_offensive(code) or is_offensive(code.replace("-", "")) else None


def is_offensive(code: str) -> bool:
    """Say whether a code reads like a word nobody wants to send to a friend, in letters, in digits or in both."""
    read = code.upper().translate(_READS_LIKE)
    return any(word in read for word in _OFFENSIVE)


_RESERVED = frozenset(code_key(word) for word in _RESERVED_WORDS.split())


def generated_bits() -> float:
    """Upper bound of what a generated code's characters carry, in bits, before offensive ones are left out."""
    return GENERATED_LENGTH * math.log2(len(ALPHABET))
