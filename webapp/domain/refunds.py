"""How much of a purchase went back, by refunds and by disputes, and how much of a reward is still earned after that.

Everything is computed from the sum of what stands, never from one of them, so
that parts in any number and order end where one full refund ends. A dispute
that was won stands no more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from webapp.domain.money import rounded_half_up

# Who gave the money back: the business itself, or the friend's bank against its will.
Kind = Literal["refund", "dispute"]


@dataclass(frozen=True, slots=True)
class WentBack:
    """A refund or a dispute of one conversion. `wanted_minor` None: all of it.

    `won_at` is when a dispute that was won gives back what it took, None for one that stands.
    """

    key: UUID
    kind: Kind
    event_id: str
    at: datetime
    wanted_minor: int | None
    won_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What one of them counts for: what it took of the conversion, and what winning it brought back."""

    applied_minor: int
    restored_minor: int = 0


def won_from(disputed_at: datetime, decided_at: datetime) -> datetime:
    """Return from when a won dispute counts as such: never before the dispute itself, whatever the clocks said."""
    return max(disputed_at, decided_at)


def counted(amount_minor: int | None, back: Iterable[WentBack]) -> Mapping[UUID, Counted]:
    """Return what each counts for, in the order in which things happened, whatever the order in which they were told.

    After each of them as much went back as all that stand then want, at most
    the whole amount. So winning a dispute brings back only what no other
    refund has a claim to: one that was cut because of it counts in its place.
    """
    back = list(back)
    steps = [(one.at, 0, one.event_id, one.kind, one) for one in back]
    steps += [(one.won_at, 1, one.event_id, one.kind, one) for one in back if one.won_at is not None]
    applied, restored = {one.key: 0 for one in back}, {one.key: 0 for one in back}
    gone = wanted = 0
    for _at, is_won, _event_id, _kind, one in sorted(steps, key=lambda step: step[:4]):
        asks = (amount_minor or 0) if one.wanted_minor is None else one.wanted_minor
        if is_won:
            wanted -= asks
            restored[one.key] = gone - min(amount_minor or 0, wanted)
        else:
            wanted += asks
            applied[one.key] = refundable(amount_minor, gone, one.wanted_minor)
        gone += -restored[one.key] if is_won else applied[one.key]
    return {one.key: Counted(applied[one.key], restored[one.key]) for one in back}


def refundable(amount_minor: int | None, refunded_minor: int, wanted_minor: int | None) -> int:
    """Return what a refund takes of a conversion: what was asked for, cut to what is left; None asks for all of it.

    A conversion without an amount has nothing to count: 0.
    """
    left = (amount_minor or 0) - refunded_minor
    return left if wanted_minor is None else min(wanted_minor, left)


def is_refunded_whole(amount_minor: int | None, refunded_minor: int, refunds: int) -> bool:
    """Say whether nothing is left of a conversion. One without an amount has no parts: any refund is whole."""
    return refunded_minor >= amount_minor if amount_minor else refunds > 0


def still_earned(
    granted_minor: int,
    *,
    proportional: bool,
    amount_minor: int | None,
    refunded_minor: int,
    refunds: int,
    is_met: bool = True,
) -> int:
    """Return what is still earned of a reward, in minor units.

    Proportional kinds: granted × (amount − refunded) / amount, rounded half up.
    The others stay whole until the conversion is refunded whole, or what is
    left of it does not meet the conditions of their rule any more (`is_met`).
    """
    if is_refunded_whole(amount_minor, refunded_minor, refunds):
        return 0
    if not proportional or not amount_minor:
        return granted_minor if is_met else 0
    return rounded_half_up(granted_minor * (amount_minor - refunded_minor), amount_minor)
