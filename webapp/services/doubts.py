"""Rewards about which somebody has doubts: what comes in their stead is held too, until a person decides."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Reward, RewardEvent
from webapp.services.giving_back import former_statuses
from webapp.services.reward_steps import Standing


def doubted_before(session: Session, conversion_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return of which conversions and rules the last reward was held or rejected before it ended, by whatever."""
    rows = session.execute(
        select(Reward.conversion_id, Reward.rule_id, RewardEvent.status)
        .join(RewardEvent, RewardEvent.reward_id == Reward.id)
        .where(
            Reward.conversion_id.in_(conversion_ids),
            Reward.ended_bond.is_not(None),
            # That all of it was taken back decides no doubt.
            RewardEvent.status != "reversed",
        )
        .order_by(Reward.bond, RewardEvent.sequence)
    )
    last = {(of, rule_id): status for of, rule_id, status in rows}
    return {key for key, status in last.items() if status in ("held", "rejected")}


def is_doubted(session: Session, conversion_id: UUID, rule_id: UUID, standing: Sequence[Standing]) -> bool:
    """Say whether what adds to the rewards of a rule for a conversion, the older ones first, is held.

    So it is when one of them is, when the newest was before all of it was
    taken back, and, where there is none, when a former referrer's was.
    """
    if any(one.status == "held" for one in standing):
        return True
    if not standing:
        return (conversion_id, rule_id) in doubted_before(session, [conversion_id])
    newest = standing[-1]
    return newest.status == "reversed" and former_statuses(session, [newest.id])[newest.id] == "held"
