"""Codes that are uploaded into a pool: one a line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_CODES = 10_000
LONGEST_CODE = 100
LONGEST_KEY, LONGEST_NAME = 60, 120
MOST_LOW = 1_000_000
# What a pool is called in rules.
KEY = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
_CODE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """The codes of an upload in their order, and the numbers of the lines that cannot be taken."""

    codes: tuple[str, ...]
    bad_lines: tuple[int, ...]
    repeated_lines: tuple[int, ...]


def read_codes(text: str) -> Upload:
    """Read codes, one a line; empty lines are left aside. A code is of printable ASCII without spaces."""
    codes: dict[str, int] = {}
    bad, repeated = [], []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.strip()
        if not code:
            continue
        if len(code) > LONGEST_CODE or not _CODE.fullmatch(code):
            bad.append(number)
        elif code in codes:
            repeated.append(number)
        else:
            codes[code] = number
    return Upload(tuple(codes), tuple(bad), tuple(repeated))


def lines_of(text: str, codes: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of the lines that hold one of these codes."""
    wanted = set(codes)
    return tuple(number for number, line in enumerate(text.splitlines(), 1) if line.strip() in wanted)


def has_run_low(before: int, after: int, low_at: int) -> bool:
    """Say whether handing out took what is left below the threshold just now."""
    return before >= low_at > after
