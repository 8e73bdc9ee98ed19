"""Rewards about which somebody has doubts: what comes in their stead is held too, until a person decides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.periods import Window, window_of
from webapp.domain.registry import counting_of
from webapp.domain.suspicion import FRIENDS_DOUBTED, Doubts
from webapp.models import Conversion, Reward, RewardDecision, RewardEvent
from webapp.queries.conversions import Decided
from webapp.queries.friend_counts import count_doubted, within
from webapp.services.giving_back import former_statuses
from webapp.services.reward_steps import Actor, Standing, lock_rewards
from webapp.services.rewards import change_statuses

_DOUBTED = ("held", "rejected")


def why_held(session: Session, doubts: Doubts, decided: Decided, *, friend_id: UUID, time_zone: str) -> str | None:
    """Return why what was decided is held from the beginning, see domain.suspicion; None when it is not.

    Also what the friend themselves is right for is held when it is priced by a number of friends that would not be
    reached without those who are held or were rejected. `time_zone` is the program's.
    """
    version = decided.version
    if version is None:
        return None
    if why := doubts.about(version.definition.beneficiary):
        return why
    counting, friends = counting_of(version.definition.settings), decided.facts.friends
    reached = max((step for step in counting.steps if step <= friends), default=None) if counting and friends else None
    if counting is None or friends is None or reached is None or decided.beneficiary_id is None:
        return None
    window = window_of(counting.period, decided.facts.occurred_at, time_zone)
    # Whoever is paid by the number of friends is their referrer.
    whose = (session, version.rule_id, decided.beneficiary_id, window)
    # Of those who came later it makes no difference where only those before decide.
    until = decided.facts.occurred_at if counting.of == "until" else None
    doubted = count_doubted(*whose, without=friend_id, until=until)
    return FRIENDS_DOUBTED if friends - doubted < reached else None


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
    return {key for key, status in last.items() if status in _DOUBTED}


def is_doubted(session: Session, conversion_id: UUID, rule_id: UUID, standing: Sequence[Standing]) -> bool:
    """Say whether what adds to the rewards of a rule for a conversion, the older ones first, is held.

    So it is when one of them is, when the one of which all was taken back last
    was before that, and, where there is none, when a former referrer's was.
    """
    if any(one.status == "held" for one in standing):
        return True
    if not standing:
        return (conversion_id, rule_id) in doubted_before(session, [conversion_id])
    if standing[-1].status != "reversed":
        return False
    ended = select(RewardEvent.reward_id, func.max(RewardEvent.at)).where(
        RewardEvent.reward_id.in_([one.id for one in standing if one.status == "reversed"]),
        RewardEvent.status == "reversed",
    )
    moments = dict(session.execute(ended.group_by(RewardEvent.reward_id)).all())
    last = [id_ for id_, at in moments.items() if at == max(moments.values())]
    return "held" in former_statuses(session, last).values()


def is_bonus_doubted(
    session: Session,
    versions: Collection[UUID],
    referrer_id: UUID,
    window: Window,
    step: int,
    *,
    without: UUID | None,
) -> bool:
    """Say whether the bonus of a number of friends was held or rejected where it stood last, whoever brought it.

    `versions` are those of its rule that promise bonuses; `without` is a conversion that has it only now.
    """
    brought = exists().where(
        RewardDecision.conversion_id == Reward.conversion_id,
        RewardDecision.rule_version_id.in_(versions),
        RewardDecision.bond == Reward.bond,
        RewardDecision.amount_minor.is_not(None),
        RewardDecision.facts["friends"].as_integer() == step,
    )
    where = [Reward.rule_version_id.in_(versions), Reward.beneficiary_id == referrer_id, brought]
    if without is not None:
        where.append(Reward.conversion_id != without)
    last = session.scalar(
        select(Reward.id)
        .join(Conversion, and_(Conversion.id == Reward.conversion_id, within(Conversion.occurred_at, window)))
        .where(*where)
        # By id, which is by age.
        .order_by(Reward.id.desc())
        .limit(1)
    )
    return last is not None and former_statuses(session, [last])[last] in _DOUBTED


def hold_bonuses(
    session: Session, rule_id: UUID, conversion_ids: Collection[UUID], *, actor: Actor, now: datetime
) -> None:
    """Hold what a rule gave for conversions, since its bonus was doubted where it stood before."""
    if conversion_ids:
        wanted = (Reward.conversion_id.in_(conversion_ids), Reward.rule_id == rule_id, Reward.ended_bond.is_(None))
        ids = session.scalars(select(Reward.id).where(*wanted, Reward.status.in_(("pending", "approved")))).all()
        # Of store credit of which a part is spent there is nothing to be held any more.
        whole = [one.id for one in lock_rewards(session, ids) if not one.redeemed_minor]
        change_statuses(session, whole, "held", reason="bonus_doubted", actor=actor, now=now)
