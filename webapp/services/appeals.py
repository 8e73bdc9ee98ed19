"""Appealing against a decision: its rewards are held again, at what is earned by now, until a person decides."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.appeals import APPEALED, LONGEST, Problem
from webapp.ids import new_id
from webapp.models import Appeal, AppealedReward, Conversion, Program, Referral, Reward, User
from webapp.queries.appeals import Refusal, refusals_with
from webapp.queries.rules import rule_set
from webapp.services.limits import queue_for_counts
from webapp.services.queues import queue_for
from webapp.services.refunds import lock_conversions
from webapp.services.reward_decisions import UnknownRewardError
from webapp.services.reward_steps import SYSTEM, Actor, lock_rewards
from webapp.services.rewards import hold_rejected
from webapp.services.rows import append
from webapp.services.rules import RULES
from webapp.services.settling import kept_if_counted, take_what_is_earned


class AppealProblemError(Exception):
    """The appeal cannot be; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def appeal(session: Session, program_id: UUID, user_id: UUID, reward_id: UUID, text: str, now: datetime) -> list[UUID]:
    """Let somebody answer the decision by which a reward of theirs was rejected, once. Returns the rewards it is about.

    Those are all rewards of theirs that the decision rejected and of which something would be left. They are held
    again as they stood, and what refunds, late events and other friends have changed since is taken off or added: they
    end at what is earned, as if nobody had rejected them. The room of limits that they gave back they use again,
    whether there is any or not. Raises UnknownRewardError or AppealProblemError, and then nothing was written.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise AppealProblemError("too_long" if text else "empty")
    whose = (Reward.id == reward_id, Reward.beneficiary_id == user_id, Reward.program_id == program_id)
    if session.scalar(select(Reward.id).where(*whose)) is None:
        raise UnknownRewardError
    conversions = _lock(session, program_id, user_id, reward_id)
    if session.scalar(select(User.erased_at).where(User.id == user_id)) is not None:
        # While this waited; what they wrote is not kept any more.
        raise UnknownRewardError
    refusals = refusals_with(session, user_id, reward_id)
    if problem := _problem(session, reward_id, refusals):
        raise AppealProblemError(problem)
    able = {one.reward_id for one in refusals if not one.is_appealed and not one.has_ended}
    kept: set[UUID] = set()
    for conversion in conversions:
        kept |= kept_if_counted(session, conversion, able)
    if reward_id not in kept:
        raise AppealProblemError("nothing_left")
    actor = Actor("person", user_id)
    hold_rejected(session, lock_rewards(session, sorted(kept)), reason=APPEALED, actor=actor, now=now)
    about = {one.conversion_id for one in refusals if one.reward_id in kept}
    for conversion in conversions:
        if conversion.id in about:
            take_what_is_earned(session, conversion, actor=SYSTEM, now=now)
    row = {"id": new_id(), "program_id": program_id, "user_id": user_id, "text": text, "appealed_at": now}
    append(session, Appeal, [row])
    append(session, AppealedReward, [{"reward_id": one, "appeal_id": row["id"]} for one in sorted(kept)])
    return sorted(kept)


def _lock(session: Session, program_id: UUID, user_id: UUID, reward_id: UUID) -> Sequence[Conversion]:
    """Lock what the decision was about, in the order in which everybody does. Returns the conversions."""
    ids = {one.conversion_id for one in refusals_with(session, user_id, reward_id)}
    friends = session.scalars(select(Conversion.user_id).where(Conversion.id.in_(ids)).distinct()).all()
    queue_for(session, program_id, *(f"conversions:{friend_id}" for friend_id in friends if friend_id), beside=RULES)
    revision = session.scalar(select(Program.rules_revision).where(Program.id == program_id))
    bonds = select(Referral.referrer_id).join(Conversion, Conversion.referral_id == Referral.id)
    referrers = session.scalars(bonds.where(Conversion.id.in_(ids)).distinct()).all()
    queue_for_counts(session, program_id, rule_set(session, program_id, revision), referrers)
    lock_conversions(session, ids)
    # All at once, as whoever decides about many of them does.
    lock_rewards(session, session.scalars(select(Reward.id).where(Reward.conversion_id.in_(ids))).all())
    found = select(Conversion).where(Conversion.id.in_(ids)).order_by(Conversion.occurred_at, Conversion.id)
    return session.scalars(found).all()


def _problem(session: Session, reward_id: UUID, refusals: Sequence[Refusal]) -> Problem | None:
    own = next((one for one in refusals if one.reward_id == reward_id), None)
    was_appealed = select(AppealedReward.reward_id).where(AppealedReward.reward_id == reward_id)
    if session.scalar(was_appealed) is not None:
        return "appealed_before"
    if own is None or not own.can_be_appealed:
        return "not_rejected"
    return "moved" if own.has_ended else None
