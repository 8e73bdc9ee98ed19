"""Codes that sign in once when the app that shows codes is not at hand."""

from collections.abc import Callable

COUNT = 10
# So few that it is time for new ones.
FEW = 3

# Small letters and digits that nobody takes for one another, to be written down and typed. 16 of them are 79 bits.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_PARTS, _OF = 4, 4


def draw_codes(choose: Callable[[str], str]) -> list[str]:
    """Return new codes, as in "k7fm-wq3x-9prt-h2vd". `choose` picks a letter at random."""
    return ["-".join("".join(choose(_READABLE) for _ in range(_OF)) for _ in range(_PARTS)) for _ in range(COUNT)]


def code_key(typed: str) -> str | None:
    """Return a code as it is compared, in whatever way it was typed; None for what can be none."""
    key = "".join(typed.replace("-", "").split()).lower()
    return key if len(key) == _PARTS * _OF and set(key) <= set(_READABLE) else None
