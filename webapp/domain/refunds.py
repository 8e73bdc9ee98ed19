"""How much of a reward is still earned after refunds.

Everything is computed from the sum of the refunds, never from one of them, so
that parts in any number and order end where one full refund ends.
"""

from webapp.domain.money import rounded_half_up


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
