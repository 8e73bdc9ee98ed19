"""Amounts and percentages as people type them, read exactly."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from webapp.domain.money import EXPONENTS, LARGEST, PERCENT_PROBLEM, Money, Percent

LONGEST_WHOLE = len(str(LARGEST))

Problem = Literal["not_an_amount", "no_decimals", "decimals", "too_large"]

# Whatever the language, people also write spaces and apostrophes between thousands.
_GROUPS = " '\N{RIGHT SINGLE QUOTATION MARK}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_MARKS = ".,\N{ARABIC DECIMAL SEPARATOR}"


@dataclass(frozen=True, slots=True)
class TypedAmountError(ValueError):
    """What was typed is no amount of this currency: `problem` says why, `allowed` is how many decimals it has."""

    problem: Problem
    allowed: int


def read_amount(text: str, currency: str, *, decimal: str = ".", group: str = ",") -> Money:
    """Return what was typed in major units, such as "1,000.50" or "20", as an amount of `currency`.

    `decimal` and `group` are the reader's marks. The other mark is taken for a
    decimal one too where it cannot stand between thousands, as in "20.00" in
    German. A symbol or the code of the currency may stand beside the number.
    Raises TypedAmountError.
    """
    exponent = EXPONENTS[currency]
    whole, decimals = _parts(_bare(text, currency), decimal, group, exponent)
    if len(decimals.rstrip("0")) > exponent or (len(decimals) > exponent and not exponent):
        raise TypedAmountError("decimals" if exponent else "no_decimals", exponent)
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0") or "0"
    # Python refuses to read a number of thousands of digits.
    minor = Fraction(f"{whole}.{decimals}") * 10**exponent if len(whole) <= LONGEST_WHOLE else LARGEST + 1
    if minor > LARGEST:
        raise TypedAmountError("too_large", exponent)
    return Money(int(minor), currency)


def read_percent(text: str) -> Percent:
    """Return a percentage as typed, such as "12.5", "12,5" or "20 %". ValueError for anything else."""
    bare = _in_ascii(text).replace("%", "").strip(f" {_GROUPS}")
    for mark in _MARKS:
        bare = bare.replace(mark, ".")
    if bare.startswith(".") or bare.count(".") > 1:
        raise ValueError(PERCENT_PROBLEM)
    return Percent(bare)


def _bare(text: str, currency: str) -> str:
    """Return the number of what was typed: without symbol or code of the currency, and spaces."""
    plain = "".join(one for one in _in_ascii(text) if unicodedata.category(one) != "Sc").strip()
    plain = re.sub(rf"^{currency}\b|\b{currency}$|(?<=\d){currency}$", "", plain.strip(), flags=re.IGNORECASE)
    return plain.strip()


def _in_ascii(text: str) -> str:
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)


def _parts(number: str, decimal: str, group: str, exponent: int) -> tuple[str, str]:
    """Return the digits before and after the decimal mark."""
    marks = {mark for mark in (decimal, *_MARKS) if mark not in _GROUPS}
    others = marks - {decimal}
    between = f"[{re.escape(_GROUPS + group)}]"
    grouped = re.fullmatch(
        rf"([1-9]\d{{0,2}}(?:{between}\d{{2,3}})*{between}\d{{3}}|\d+)(?:{re.escape(decimal)}(\d*))?", number
    )
    if grouped:
        return re.sub(r"\D", "", grouped[1]), grouped[2] or ""
    # The other mark cannot be one of thousands here: it stands once, and not before three digits, or after a zero.
    once = re.fullmatch(rf"(\d+)[{re.escape(''.join(sorted(others)))}](\d*)", number)
    if once and (len(once[2]) != 3 or once[1] == "0"):
        return once[1], once[2]
    raise TypedAmountError("not_an_amount", exponent)
