"""How what a rule's rewards for one conversion come to is shared out among them.

There is the first one, and perhaps corrections that came after it; all of them
together are what was granted. What is not earned any more is taken from the
newest first, and what a won dispute brings back goes to the oldest first.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class Row:
    """One reward among those of a rule, as it stands.

    `earned_minor` is what is kept by right, `by_refunds_minor` what refunds and
    disputes have taken and not given back: the only thing that comes back.
    """

    key: UUID
    granted_minor: int
    earned_minor: int
    by_refunds_minor: int
    # What of it was written off, by the refund or dispute that had taken it; None where neither had.
    written_off: tuple[tuple[UUID | None, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What is taken of one reward, or given back to it. `key` is the reward's."""

    key: UUID
    minor: int


def without_rejected(rows: Sequence[tuple[int, bool]], granted_minor: int) -> int:
    """Return how much of what is granted now falls on rewards that nobody rejected, in order of age.

    `rows` say what was granted by each, and whether that was rejected. Each is
    asked for what the older ones leave, so that what is granted less now is
    what the newest of them were for; nobody makes up for one that was rejected.
    """
    left, found = granted_minor, 0
    for minor, is_rejected in rows:
        part = min(minor, left)
        found += 0 if is_rejected else part
        left -= part
    return found


def to_take(rows: Sequence[Row], target_minor: int) -> list[Share]:
    """Return what to take so that all of them come to the target, the newest first. `rows` are in order of age."""
    missing = sum(row.earned_minor for row in rows) - target_minor
    return [Share(*one) for one in _shares([(row.key, row.earned_minor) for row in reversed(rows)], missing)]


def to_give(rows: Sequence[Row], target_minor: int) -> list[Share]:
    """Return what to give back so that all come to the target, the oldest first: never more than refunds had taken."""
    missing = target_minor - sum(row.earned_minor for row in rows)
    return [Share(*one) for one in _shares([(row.key, row.by_refunds_minor) for row in rows], missing)]


def write_offs_that_end(row: Row, given_minor: int, won: AbstractSet[UUID | None]) -> list[tuple[UUID | None, int]]:
    """Return which write-offs end because a won dispute gives back what they had forgiven, by what had taken it.

    Those of disputes that were `won`, up to what is given back, or it would be
    given twice; and of others what would come to more than was granted.
    """
    of_won = [(cause, minor) for cause, minor in row.written_off if cause in won]
    others = [(cause, minor) for cause, minor in row.written_off if cause not in won]
    kept = row.earned_minor + given_minor + sum(minor for _cause, minor in row.written_off)
    twice = min(given_minor, sum(minor for _cause, minor in of_won))
    return _shares([*of_won, *others], max(twice, kept - row.granted_minor))


def to_write_off(owed: Sequence[tuple[UUID | None, int]]) -> list[tuple[UUID | None, int]]:
    """Share all that is owed of a reward out among what took it. Some may have given back more than they took."""
    return _shares(owed, sum(minor for _cause, minor in owed))


def _shares(of: Sequence[tuple[KeyT, int]], wanted_minor: int) -> list[tuple[KeyT, int]]:
    """Take from one after the other until there is enough."""
    shares, left = [], wanted_minor
    for key, minor in of:
        part = min(minor, left)
        if part > 0:
            shares.append((key, part))
            left -= part
    return shares
