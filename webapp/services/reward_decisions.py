"""Deciding about rewards, one or many in one transaction: each by itself, with its entry in the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.appeals import RELEASES
from webapp.domain.reward_decisions import REJECTIONS, Choice
from webapp.domain.rewards import StatusError
from webapp.models import Conversion, Program, Reward, RewardNote
from webapp.queries.appeals import appeals_about, kept_from
from webapp.queries.cases import doubts_behind
from webapp.queries.rules import rule_set
from webapp.services.audit import record_act
from webapp.services.limits import queue_for_counts
from webapp.services.reward_steps import Actor, Standing, lock_rewards
from webapp.services.rewards import change_status
from webapp.services.rows import append
from webapp.services.screening import decide_about_friends

# What became of one of them: decided, or left out: because it is not what was looked at any more, because it cannot be,
# because an appeal is answered with a reason, or because another admin has to reject what was appealed.
Result = Literal["done", "changed", "impossible", "reason_missing", "second_admin"]


class UnknownRewardError(Exception):
    """The program has no such reward."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one reward."""

    reward_id: UUID
    result: Result


def decide_rewards(
    session: Session,
    program_id: UUID,
    choice: Choice,
    seen: Mapping[UUID, int],
    *,
    reason: str | None = None,
    note: str = "",
    by: UUID,
    now: datetime,
) -> list[Outcome]:
    """Decide about rewards. `seen` is the number of the newest event of each when `by` looked at it.

    What has changed since then, or cannot be decided like that, is left out;
    the others go through. So the same decision sent twice changes nothing twice.
    `reason` is one of REJECTIONS for a rejection. Whoever releases what was
    appealed gives one of RELEASES or a `note`, which is for staff and stays out
    of everything that is append-only; what comes to the program's limit is not
    rejected again by who had rejected it. Whoever lets go what is held because
    of its friend says with it that they are nobody to be held for. Raises
    UnknownRewardError, and then nothing was written.
    """
    known = REJECTIONS if choice.reason is None else RELEASES if choice.answers else {}
    if (reason is None and choice.reason is None) or (reason is not None and reason not in known):
        raise ValueError(f"{choice.name} needs a reason that is known")
    # What friends count for may change these rewards too, one after the other: whoever changes it has begun by then.
    revision = session.scalar(select(Program.rules_revision).where(Program.id == program_id))
    earners = session.scalars(select(Reward.beneficiary_id).where(Reward.id.in_(seen)).distinct()).all()
    queue_for_counts(session, program_id, rule_set(session, program_id, revision), earners)
    # All of them before the audit log, in one order, so that two people never wait for each other.
    rewards = {reward.id: reward for reward in lock_rewards(session, list(seen))}
    if any(reward_id not in rewards or rewards[reward_id].program_id != program_id for reward_id in seen):
        raise UnknownRewardError
    appeals = appeals_about(session, list(seen))
    waiting = {one.reward_id for appeal in appeals for one in appeal.rewards if one.answer is None}
    refused: dict[UUID, Result] = {}
    if choice.target == "rejected":
        program = session.get_one(Program, program_id)
        refused = dict.fromkeys(kept_from(session, program, appeals, seen, by=by, now=now), "second_admin")
    elif choice.answers and not (reason or note.strip()):
        refused = dict.fromkeys(waiting, "reason_missing")
    of_friends = {id_ for id_, doubt in doubts_behind(session, list(seen)).items() if doubt.category != "orders"}
    outcomes = []
    for reward_id, sequence in seen.items():
        reward = rewards[reward_id]
        code = (reason if choice.reason is None or reward_id in waiting else None) or choice.reason or ""
        result = _obstacle(choice, reward, sequence) or refused.get(reward_id)
        if result is None:
            result = _decide(session, choice, reward, code=code, note=note, by=by, now=now)
        outcomes.append(Outcome(reward_id, result))
    if choice.target in ("pending", "approved"):
        done = [one.reward_id for one in outcomes if one.result == "done" and one.reward_id in of_friends]
        decide_about_friends(session, _friends_of(session, done), "clear", by=by, now=now)
    return outcomes


def _friends_of(session: Session, reward_ids: Sequence[UUID]) -> list[UUID]:
    """Return whose purchases and signups these rewards were given for."""
    friends = (
        select(Conversion.user_id)
        .join(Reward, Reward.conversion_id == Conversion.id)
        .where(Reward.id.in_(reward_ids), Conversion.user_id.is_not(None))
        .distinct()
    )
    return [friend_id for friend_id in session.scalars(friends) if friend_id is not None]


def _obstacle(choice: Choice, reward: Standing, sequence: int) -> Result | None:
    if reward.sequence != sequence:
        return "changed"
    return None if reward.status in choice.of else "impossible"


def _decide(
    session: Session, choice: Choice, reward: Standing, *, code: str, note: str, by: UUID, now: datetime
) -> Result:
    steps = choice.steps(reward.status)
    try:
        for status in steps:
            change_status(session, reward.id, status, reason=code, actor=Actor("person", by), now=now)
    except StatusError:
        return "impossible"
    details = {"was": reward.status, "reason": code, "amount": reward.kept_minor, "currency": reward.amount.currency}
    record_act(
        session,
        reward.program_id,
        choice.action,
        subject="reward",
        subject_id=reward.id,
        by=by,
        now=now,
        details=details,
    )
    if note:
        row = {
            "reward_id": reward.id,
            "sequence": reward.sequence + len(steps),
            "text": note,
            "written_by": by,
            "written_at": now,
        }
        append(session, RewardNote, [row])
    return "done"
