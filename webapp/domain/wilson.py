"""Whether a share that was seen in few cases is higher than another one by more than chance makes of it.

Wilson's interval around k of n holds every share x for which (k/n − x)² ≤ z²·x·(1 − x)/n: those from which chance
leads to k often enough. So its lower bound is above a share when k/n is, and that share is not in it. Asked like this
there is no root and no rounding: the answer is the same on every machine.
"""

from fractions import Fraction

# How far beyond chance: in 39 of 40 times, chance alone stays below.
Z = Fraction(196, 100)


def is_surely_above(part: int, whole: int, share: Fraction, *, z: Fraction = Z) -> bool:
    """Say whether the lower bound of Wilson's interval around `part` of `whole` is above a share.

    Of nothing nothing can be said. Raises ValueError when a part is greater than its whole.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if share < 0:
        raise ValueError("a share is not below nothing")
    if whole == 0 or share >= 1:
        return False
    above = Fraction(part, whole) - share
    return above > 0 and above**2 * whole > z**2 * share * (1 - share)
