"""What is measured beside an anchor in the same run, turn by turn: machines are shared, ratios are not."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5
# A round counts only when the machine was the same before and after it.
MOST_DRIFT = 0.25
MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class Beside:
    """Median rates of both, in the same unit, and the median of the rounds' ratios."""

    rate: float
    anchor_rate: float
    ratio: float
    rounds: int
    thrown_away: int


def beside(measured: Callable[[], float], anchor: Callable[[], float], *, rounds: int = ROUNDS) -> Beside:
    """Measure in the order anchor, measured, anchor, `rounds` times. Both return a rate.

    A round is thrown away when its two anchors differ by more than a quarter.
    """
    kept: list[tuple[float, float]] = []
    thrown_away = 0
    while len(kept) < rounds and thrown_away < MOST_TRIES * rounds:
        before, rate, after = anchor(), measured(), anchor()
        if abs(before - after) > MOST_DRIFT * max(before, after):
            thrown_away += 1
            continue
        kept.append((rate, (before + after) / 2))
    if not kept:
        raise RuntimeError("the machine was never the same long enough to measure anything")
    return Beside(
        rate=statistics.median(rate for rate, _ in kept),
        anchor_rate=statistics.median(base for _, base in kept),
        ratio=statistics.median(rate / base for rate, base in kept),
        rounds=len(kept),
        thrown_away=thrown_away,
    )
