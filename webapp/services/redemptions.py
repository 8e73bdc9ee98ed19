"""Store credit that is spent in the business's own shop, and given back when the order is cancelled.

Whatever happens at once: what one person spends is recorded one after the
other, and the rewards it is taken from are locked first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.credit import available_minor, not_redeemed, parts_of, redeemed
from webapp.domain.money import Money
from webapp.domain.rewards import Change, Status
from webapp.ids import new_id
from webapp.models import LedgerEntry, Redemption, RedemptionPart, Reward
from webapp.services.queues import queue_for
from webapp.services.reward_steps import Actor, Standing, Step, lock_rewards, take_steps
from webapp.services.rewards import hold_of_banned
from webapp.services.rows import append
from webapp.services.rules import RULES

REDEEMED, UNDONE = "redeemed", "redemption_undone"


class RedemptionTakenError(Exception):
    """The business has given this event id to another redemption before."""


class UnknownRedemptionError(Exception):
    """The person has no such redemption."""


class RedemptionUndoneError(Exception):
    """It was undone before."""


class NotEnoughCreditError(Exception):
    """There is less than that; `available` says how much."""

    def __init__(self, available: Money) -> None:
        super().__init__(f"only {available} are available")
        self.available = available


@dataclass(frozen=True, slots=True)
class RewardPart:
    """What a redemption took of one reward, or gave back to it, and how the reward stands since."""

    reward_id: UUID
    amount: Money
    status: Status


@dataclass(frozen=True, slots=True)
class Spent:
    """A redemption: the rewards it was taken from, the oldest first."""

    id: UUID
    event_id: str
    amount: Money
    occurred_at: datetime
    parts: list[RewardPart]


def redeem_credit(
    session: Session,
    program_id: UUID,
    user_id: UUID,
    amount: Money,
    *,
    event_id: str,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Spent:
    """Take an amount above zero from what is approved of a person's store credit, from the oldest reward first.

    Raises RedemptionTakenError or NotEnoughCreditError, and then nothing was written.
    """
    queue_for(session, program_id, f"redemption:{event_id}", _credit_of(user_id))
    known = select(Redemption.id).where(Redemption.program_id == program_id, Redemption.event_id == event_id)
    if session.execute(known).first() is not None:
        raise RedemptionTakenError
    rewards = _open_rewards(session, user_id, amount.currency)
    left = [(reward, reward.left.minor - reward.redeemed_minor) for reward in rewards]
    owed = _owed_minor(session, user_id, amount.currency)
    available = available_minor(sum(minor for _reward, minor in left), owed)
    if amount.minor > available:
        raise NotEnoughCreditError(Money(available, amount.currency))
    redemption_id = new_id()
    row = {
        "id": redemption_id,
        "program_id": program_id,
        "event_id": event_id,
        "user_id": user_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "occurred_at": occurred_at,
        "recorded_at": now,
    }
    append(session, Redemption, [row])
    parts = [
        (reward, RewardPart(reward.id, Money(taken.minor, amount.currency), taken.status))
        for reward, taken in parts_of(amount.minor, left)
    ]
    steps = [Step(reward, Change(part.status), REDEEMED, redeemed(part.amount)) for reward, part in parts]
    take_steps(session, steps, actor=actor, now=now)
    append(session, RedemptionPart, [_part_row(redemption_id, reward, part.amount.minor) for reward, part in parts])
    return Spent(redemption_id, event_id, amount, occurred_at, [part for _reward, part in parts])


def undo_redemption(
    session: Session, program_id: UUID, user_id: UUID, event_id: str, *, actor: Actor, now: datetime
) -> Spent:
    """Give back all that a redemption took: the order it paid for was cancelled.

    Raises UnknownRedemptionError or RedemptionUndoneError, and then nothing was written.
    """
    # Not while somebody is banned, who could spend again what comes back.
    queue_for(session, program_id, f"redemption:{event_id}", _credit_of(user_id), beside=RULES)
    found = session.execute(
        select(Redemption.id, Redemption.amount_minor, Redemption.currency, Redemption.occurred_at).where(
            Redemption.program_id == program_id, Redemption.event_id == event_id, Redemption.user_id == user_id
        )
    ).one_or_none()
    if found is None:
        raise UnknownRedemptionError
    held = dict(
        session.execute(
            select(RedemptionPart.reward_id, func.sum(RedemptionPart.amount_minor))
            .where(RedemptionPart.redemption_id == found.id)
            .group_by(RedemptionPart.reward_id)
            .having(func.sum(RedemptionPart.amount_minor) > 0)
        ).all()
    )
    if not held:
        raise RedemptionUndoneError
    rewards = lock_rewards(session, list(held))
    parts = [
        (reward, RewardPart(reward.id, Money(int(held[reward.id]), found.currency), "approved")) for reward in rewards
    ]
    steps = [Step(reward, Change("approved"), UNDONE, not_redeemed(part.amount)) for reward, part in parts]
    take_steps(session, steps, actor=actor, now=now)
    append(session, RedemptionPart, [_part_row(found.id, reward, -part.amount.minor) for reward, part in parts])
    held_again = hold_of_banned(session, list(held), now=now)
    amount = Money(found.amount_minor, found.currency)
    said = [replace(part, status="held") if reward.id in held_again else part for reward, part in parts]
    return Spent(found.id, event_id, amount, found.occurred_at, said)


def _credit_of(user_id: UUID) -> str:
    return f"credit:{user_id}"


def _open_rewards(session: Session, user_id: UUID, currency: str) -> Sequence[Standing]:
    """Return a person's approved store credit, locked, the oldest first."""
    ids = session.scalars(
        select(Reward.id)
        .where(
            Reward.beneficiary_id == user_id,
            Reward.kind == "credit",
            Reward.currency == currency,
            Reward.status == "approved",
        )
        .order_by(Reward.granted_at, Reward.id)
    ).all()
    # Somebody may have changed one while this waited for it.
    locked = {reward.id: reward for reward in lock_rewards(session, ids) if reward.status == "approved"}
    return [locked[id_] for id_ in ids if id_ in locked]


def _owed_minor(session: Session, user_id: UUID, currency: str) -> int:
    owed = select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
        LedgerEntry.user_id == user_id,
        LedgerEntry.kind == "credit",
        LedgerEntry.account == "clawback",
        LedgerEntry.currency == currency,
    )
    return int(session.execute(owed).scalar_one())


def _part_row(redemption_id: UUID, reward: Standing, minor: int) -> dict[str, Any]:
    return {
        "reward_id": reward.id,
        "reward_sequence": reward.sequence + 1,
        "redemption_id": redemption_id,
        "amount_minor": minor,
    }
