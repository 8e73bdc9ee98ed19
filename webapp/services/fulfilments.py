"""Fulfilling rewards that are something else than money: a T-shirt was sent, a month was given."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.rewards import Change, Status, moved
from webapp.models import RewardNote
from webapp.services.audit import record_act
from webapp.services.reward_decisions import UnknownRewardError
from webapp.services.reward_steps import Actor, Standing, Step, lock_rewards, take_steps
from webapp.services.rows import append

FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """A reward that is paid now."""

    reward_id: UUID
    status: Status
    at: datetime


class NotFulfillableError(Exception):
    """Only an approved custom reward can be fulfilled; `kind` and `status` say what this one is."""

    def __init__(self, reward: Standing) -> None:
        super().__init__(f"a {reward.kind} reward that is {reward.status} cannot be fulfilled")
        self.kind, self.status = reward.kind, reward.status


def fulfil_reward(
    session: Session, program_id: UUID, reward_id: UUID, *, note: str = "", actor: Actor, now: datetime
) -> Fulfilled:
    """Say that an approved custom reward was handed over. `note` is for staff and stays out of the history.

    Raises UnknownRewardError or NotFulfillableError, and then nothing was written.
    """
    rewards = lock_rewards(session, [reward_id])
    if not rewards or rewards[0].program_id != program_id:
        raise UnknownRewardError
    (reward,) = rewards
    if reward.kind != "custom" or reward.status != "approved":
        raise NotFulfillableError(reward)
    postings = moved(reward.left, reward.status, "paid", reward.kind)
    take_steps(session, [Step(reward, Change("paid"), FULFILLED, postings)], actor=actor, now=now)
    if actor.kind == "person" and actor.id is not None:
        details = {"amount": reward.kept_minor, "currency": reward.amount.currency}
        about = {"subject": "reward", "subject_id": reward.id, "by": actor.id}
        record_act(session, program_id, "reward_fulfilled", **about, now=now, details=details)  # type: ignore[arg-type]
    if note:
        row = {
            "reward_id": reward.id,
            "sequence": reward.sequence + 1,
            "text": note,
            "written_by": actor.id if actor.kind == "person" else None,
            "written_at": now,
        }
        append(session, RewardNote, [row])
    return Fulfilled(reward.id, "paid", now)
