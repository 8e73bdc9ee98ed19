"""How alike two words are, after Jaro and Winkler.

W. E. Winkler, "String Comparator Metrics and Enhanced Decision Rules in the
Fellegi-Sunter Model of Record Linkage" (1990): letters in common that stand
near each other, less half of those in another order; words that begin alike
are more alike. Fractions, so that a threshold is met exactly or not at all.
"""

from fractions import Fraction

# How many letters at the beginning count, and how much each brings the words closer.
_LONGEST_BEGINNING = 4
_CLOSER = Fraction(1, 10)


def jaro_winkler(one: str, other: str) -> Fraction:
    """Return how alike two words are, from 0 to 1, which only equal words are. Case counts; their order does not."""
    alike = jaro(one, other)
    return alike + _beginning(one, other) * _CLOSER * (1 - alike)


def jaro(one: str, other: str) -> Fraction:
    """Return how alike two words are wherever they differ, from 0 to 1."""
    if one == other:
        return Fraction(1)
    # One order of the two, or the letters could be found in pairs of another one.
    shorter, longer = sorted((one, other), key=lambda word: (len(word), word))
    in_shorter, in_longer = _common(shorter, longer)
    common = len(in_shorter)
    if not common:
        return Fraction(0)
    moved = sum(first != second for first, second in zip(in_shorter, in_longer, strict=True)) // 2
    return (Fraction(common, len(shorter)) + Fraction(common, len(longer)) + Fraction(common - moved, common)) / 3


def _common(shorter: str, longer: str) -> tuple[list[str], list[str]]:
    """Return the letters that both have not far from each other, in the order of the one and of the other word."""
    reach = max(len(longer) // 2 - 1, 0)
    free = [True] * len(longer)
    found: list[str] = []
    for place, letter in enumerate(shorter):
        for near in range(max(place - reach, 0), min(place + reach + 1, len(longer))):
            if free[near] and longer[near] == letter:
                free[near] = False
                found.append(letter)
                break
    return found, [letter for letter, unused in zip(longer, free, strict=True) if not unused]


def _beginning(one: str, other: str) -> int:
    """Return how many letters both begin with, four at most."""
    alike = 0
    for first, second in zip(one[:_LONGEST_BEGINNING], other[:_LONGEST_BEGINNING], strict=False):
        if first != second:
            break
        alike += 1
    return alike
