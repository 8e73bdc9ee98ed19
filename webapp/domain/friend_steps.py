"""Settings that are lists of steps: what is paid from, or at, a number of qualified friends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from webapp.domain.money import LARGEST, PERCENT_PROBLEM, Percent
from webapp.domain.periods import Period
from webapp.domain.sentences import N_

MOST_STEPS, MOST_FRIENDS = 20, 1_000_000

# Of which time the friends are counted together.
COUNTED: dict[Period, str] = {
    "day": N_("counted anew each day"),
    "week": N_("counted anew each week"),
    "month": N_("counted anew each month"),
    "year": N_("counted anew each year"),
    "lifetime": N_("counted from the first on"),
}


@dataclass(frozen=True, slots=True)
class PercentSteps:
    """A setting: from how many friends on which percentage is paid, in rising order, at least one."""

    steps: tuple[tuple[int, Percent], ...]

    @classmethod
    def read(cls, raw: object) -> Self:
        """Read a list as in [{ friends = 1, percent = "10" }]. ValueError says what is wrong and where."""
        return cls(tuple((friends, _percent(number, value)) for number, friends, value in _read(raw, "percent")))

    @property
    def plain(self) -> list[dict[str, Any]]:
        """The list as TOML and JSON can hold it."""
        return [{"friends": friends, "percent": percent.text} for friends, percent in self.steps]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of friends at which something changes."""
        return tuple(friends for friends, _percent in self.steps)

    def at(self, friends: int) -> tuple[int, Percent] | None:
        """Return the highest step that a number of friends has reached; None below the first."""
        return next((step for step in reversed(self.steps) if step[0] <= friends), None)


@dataclass(frozen=True, slots=True)
class AmountSteps:
    """A setting: which bonus is paid at which number of friends, in minor units, in rising order, at least one."""

    steps: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, raw: object) -> Self:
        """Read a list as in [{ friends = 3, amount = 1000 }]. ValueError says what is wrong and where."""
        return cls(tuple((friends, _amount(number, value)) for number, friends, value in _read(raw, "amount")))

    @property
    def plain(self) -> list[dict[str, Any]]:
        """The list as TOML and JSON can hold it."""
        return [{"friends": friends, "amount": minor} for friends, minor in self.steps]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of friends at which something is paid."""
        return tuple(friends for friends, _minor in self.steps)

    def at(self, friends: int) -> int | None:
        """Return the bonus of exactly this number of friends, in minor units."""
        return dict(self.steps).get(friends)

    def after(self, friends: int) -> int | None:
        """Return the number of friends of the next bonus; None when there is none any more."""
        return next((number for number in self.numbers if number > friends), None)


def _read(raw: object, what: str) -> list[tuple[int, int, object]]:
    example = '{ friends = 3, percent = "10" }' if what == "percent" else "{ friends = 3, amount = 1000 }"
    if not isinstance(raw, list | tuple) or not 1 <= len(raw) <= MOST_STEPS:
        raise ValueError(f"must be a list of 1 to {MOST_STEPS} steps, as in [{example}]")
    steps: list[tuple[int, int, object]] = []
    for number, step in enumerate(raw, 1):
        if not isinstance(step, Mapping) or set(step) != {"friends", what}:
            raise ValueError(f"must hold friends and {what} in step {number}, as in {example}")
        friends = step["friends"]
        if type(friends) is not int or not 1 <= friends <= MOST_FRIENDS:
            raise ValueError(f"must have in step {number} a whole number of friends from 1 to {MOST_FRIENDS}")
        if steps and friends <= steps[-1][1]:
            raise ValueError(f"must rise: step {number} is at {friends} friends, the one before at {steps[-1][1]}")
        steps.append((number, friends, step[what]))
    return steps


def _percent(number: int, raw: object) -> Percent:
    try:
        return Percent(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueError(f"is wrong in step {number}: percent {PERCENT_PROBLEM}") from error


def _amount(number: int, raw: object) -> int:
    if type(raw) is not int or not 1 <= raw <= LARGEST:
        raise ValueError(
            f"is wrong in step {number}: amount must be in minor units, a whole number from 1 to {LARGEST}"
        )
    return raw
