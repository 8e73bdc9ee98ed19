"""What happened, as a replay takes it: plain values, in the order in which it happened."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import NamedTuple

from webapp.domain.facts import Detail


class Refunded(NamedTuple):
    """A refund or dispute of a conversion, and how much of it was counted, in minor units.

    When a dispute is won, what had gone comes back: below zero, and `stands` too.
    """

    at: datetime
    minor: int
    stands: int = 1


class Decided(NamedTuple):
    """A person rejected the reward that a rule gave for a conversion, or took that back."""

    at: datetime
    rule_key: str
    is_rejected: bool


class Happened(NamedTuple):
    """One conversion of a friend. Ids are whatever tells them apart; refunds stand in the order of their moments."""

    id: Hashable
    event_id: str | None
    order_id: str | None
    type: str
    friend: Hashable
    referrer: Hashable
    amount_minor: int | None
    currency: str | None
    occurred_at: datetime
    details: Mapping[str, Detail] | None = None
    refunds: tuple[Refunded, ...] = ()
    decisions: tuple[Decided, ...] = ()
    # How the friend came, and when they signed up; nothing where no rule asks for it.
    origin: Mapping[str, str] | None = None
    signed_up_at: datetime | None = None
    # When it was reported, where there are quotes: those that were added later do not count for it.
    told_at: datetime | None = None
