"""What comes back to a reward: what a won dispute had taken, and what nobody asks for any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.credit import credit_given_back
from webapp.domain.ledger import Posting
from webapp.domain.money import Money
from webapp.domain.rewards import Change, Status, StatusError, given_back
from webapp.models import RewardEvent
from webapp.services.reward_steps import Actor, Standing, take_changes
from webapp.services.rollups import count_withdrawal


def give_back(
    session: Session,
    reward: Standing,
    amount_minor: int,
    *,
    former: Status,
    reason: str,
    refund_id: UUID,
    on: datetime,
    actor: Actor,
    now: datetime,
) -> Standing:
    """Give back an amount above zero of what was taken of a locked reward. Returns how it stands then.

    One that was reversed becomes what it was before, `former`. What was
    withdrawn counts less on the day of `on`. Raises StatusError for a reward
    that was rejected, or when more would be given back than was taken.
    """
    if amount_minor > reward.amount.minor - reward.earned_minor:
        raise StatusError("more would be given back than was taken")
    amount = Money(amount_minor, reward.amount.currency)
    if reward.kind == "credit":
        changes = credit_given_back(amount, reward.status, former, reward.reversed_minor, reward.owed_minor)
    else:
        changes = given_back(amount, reward.status, former, reward.reversed_minor)
    less = Money(-amount_minor, amount.currency)
    count_withdrawal(session, reward.program_id, reward.rule_id, less, reward.kind, on)
    return take_changes(session, reward, changes, reason=reason, refund_id=refund_id, actor=actor, now=now)


def write_off(
    session: Session,
    reward: Standing,
    change: tuple[Change, tuple[Posting, ...]],
    *,
    reason: str,
    refund_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> Standing:
    """Write something off of a locked reward, or end a write-off. `refund_id` is what had taken it.

    It counts on the day on which it is done.
    """
    withdrawn = Money(change[0].taken_minor, reward.amount.currency)
    count_withdrawal(session, reward.program_id, reward.rule_id, withdrawn, reward.kind, now)
    return take_changes(session, reward, [change], reason=reason, refund_id=refund_id, actor=actor, now=now)


@dataclass(slots=True)
class Taken:
    """What one cause took of a reward, less what was given back; what was clawed back of that, and written off."""

    minor: int = 0
    clawed_back_minor: int = 0
    written_off_minor: int = 0


# By reward, and by refund or dispute, None being any other cause.
ByCause = dict[UUID, dict[UUID | None, Taken]]


def taken_by_cause(session: Session, reward_ids: Sequence[UUID]) -> ByCause:
    """Return what was taken of each reward, by what had taken it, the first first."""
    rows = session.execute(
        select(RewardEvent.reward_id, RewardEvent.refund_id, RewardEvent.taken_as, func.sum(RewardEvent.taken_minor))
        .where(RewardEvent.reward_id.in_(reward_ids), RewardEvent.taken_minor != 0)
        .group_by(RewardEvent.reward_id, RewardEvent.refund_id, RewardEvent.taken_as)
        .order_by(func.min(RewardEvent.sequence))
    )
    found: ByCause = {}
    for reward_id, refund_id, taken_as, minor in rows:
        taken = found.setdefault(reward_id, {}).setdefault(refund_id, Taken())
        if taken_as == "write_off":
            taken.written_off_minor -= int(minor)
            continue
        taken.minor += int(minor)
        if taken_as == "clawback":
            taken.clawed_back_minor += int(minor)
    return found


def former_statuses(session: Session, reward_ids: Sequence[UUID]) -> dict[UUID, Status]:
    """Return what each of these rewards was the last time that it was not reversed."""
    rows = session.execute(
        select(RewardEvent.reward_id, RewardEvent.status)
        .where(RewardEvent.reward_id.in_(reward_ids), RewardEvent.status != "reversed")
        .order_by(RewardEvent.sequence)
    )
    return {reward_id: cast(Status, status) for reward_id, status in rows}
