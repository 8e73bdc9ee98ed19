"""What an event that arrives late changes for what the same person did after it: each counts one higher.

All ends as if everything had arrived in order, except for two things that
cannot be undone. A limit stays judged as it was when the event first met it,
and a reward that was taken back is not given again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.models import Conversion, Reward, RewardDecision
from webapp.queries.conversions import Decided, Surroundings, decisions_of_many
from webapp.queries.rules import Version
from webapp.services.decisions import Asked, Asker, answer, append_decisions, facts_with_used
from webapp.services.refunds import lock_conversions
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rewards import Grant, end_coupons, grant_rewards, take_back
from webapp.services.settling import take_off_what_went_back


@dataclass(frozen=True, slots=True)
class Begun:
    """A rule that pays for a conversion since it counts one higher."""

    conversion_id: UUID
    version: Version
    facts: Facts
    beneficiary_id: UUID
    bond: int


def end_what_no_longer_counts(
    session: Session, user_id: UUID, type: str, *, earlier: int, actor: Actor, now: datetime
) -> list[Begun]:
    """Let all that happened after an event count one higher, and take back what is not earned any more.

    `earlier` is how many happened before it. The event itself is not written
    yet, so that what comes free of a limit is there for it. Returns what is
    earned only now, for `begin_what_counts_now`.
    """
    ordered = session.scalars(
        select(Conversion.id)
        .where(Conversion.user_id == user_id, Conversion.type == type)
        .order_by(Conversion.occurred_at, func.coalesce(Conversion.event_id, ""))
    ).all()
    decisions = decisions_of_many(session, ordered[earlier:])
    anew: list[tuple[UUID, list[tuple[Decided, Decided]]]] = []
    begun: list[Begun] = []
    for nth, conversion_id in enumerate(ordered[earlier:], earlier + 2):
        pairs = []
        counted = [one for one in decisions.get(conversion_id, []) if one.version is not None]
        # Those that exclude each other change together.
        answers = answer([_one_higher(one, nth) for one in counted])
        for before, after in zip(counted, answers, strict=True):
            if before.facts.nth_purchase == nth or after.version is None:
                continue
            if before.amount is None and after.amount is not None and before.beneficiary_id is not None:
                begun.append(Begun(conversion_id, after.version, after.facts, before.beneficiary_id, before.bond))
            else:
                pairs.append((before, after))
        anew.append((conversion_id, pairs))
    # First the conversions, as refunds do; then all rewards at once, as whoever decides about many of them does.
    lock_conversions(session, {one.conversion_id for one in begun})
    _lock_rewards_of(session, {one.conversion_id for one in begun} | {of for of, pairs in anew if _end(pairs)})
    for conversion_id, pairs in anew:
        for before, after in pairs:
            if before.amount is not None and after.amount is None:
                _end_reward(session, conversion_id, before, reason=after.code, actor=actor, now=now)
            elif before.amount != after.amount:
                raise RuntimeError("counting higher changed what a rule pays, which no kind of rule does yet")
        _append(session, conversion_id, [after for _before, after in pairs], now=now)
    return begun


def begin_what_counts_now(
    session: Session, program_id: UUID, begun: Sequence[Begun], *, about: Surroundings, actor: Actor, now: datetime
) -> None:
    """Give what is earned only since an event counts one higher, less what was refunded meanwhile."""
    for one in begun:
        conversion = session.get_one(Conversion, one.conversion_id)
        if _reward_of(session, one.conversion_id, one.version, one.beneficiary_id, one.bond) is not None:
            facts = replace(one.facts, rewarded_before=True)
            refused = answer([Asked(one.version, facts, one.beneficiary_id, one.bond)])
            _append(session, one.conversion_id, refused, now=now)
            continue
        friend_id = conversion.user_id
        if about.referrer_id is None or friend_id is None:
            raise RuntimeError("a rule was asked about someone whom nobody referred")
        asker = Asker(
            program_id,
            about.time_zone,
            friend_id=friend_id,
            referrer_id=about.referrer_id,
            bond=one.bond,
            tie=conversion.event_id or "",
        )
        facts = facts_with_used(session, asker, one.version, one.facts)
        (decided,) = answer([Asked(one.version, facts, one.beneficiary_id, one.bond)])
        _append(session, one.conversion_id, [decided], now=now)
        if decided.amount is None:
            continue
        grant = Grant(
            conversion_id=one.conversion_id,
            event_id=conversion.event_id,
            version=one.version,
            beneficiary_id=one.beneficiary_id,
            amount=decided.amount,
            occurred_at=conversion.occurred_at,
            hold_days=one.version.definition.hold_days_within(about.hold_days),
            bond=one.bond,
        )
        grant_rewards(session, program_id, [grant], time_zone=about.time_zone, actor=actor, now=now)
        take_off_what_went_back(session, conversion, actor=actor, now=now)


def _one_higher(one: Decided, nth: int) -> Asked:
    if one.version is None:
        raise ValueError("only a rule is asked")
    return Asked(one.version, replace(one.facts, nth_purchase=nth), one.beneficiary_id, one.bond)


def _append(session: Session, conversion_id: UUID, decisions: Sequence[Decided], *, now: datetime) -> None:
    if decisions:
        newest = select(func.max(RewardDecision.sequence)).where(RewardDecision.conversion_id == conversion_id)
        append_decisions(session, conversion_id, decisions, after=session.execute(newest).scalar_one(), now=now)


def _end(pairs: Sequence[tuple[Decided, Decided]]) -> bool:
    """Say whether any rule stops paying."""
    return any(before.amount is not None and after.amount is None for before, after in pairs)


def _lock_rewards_of(session: Session, conversion_ids: Collection[UUID]) -> None:
    if conversion_ids:
        lock_rewards(session, session.scalars(select(Reward.id).where(Reward.conversion_id.in_(conversion_ids))).all())


def _end_reward(
    session: Session, conversion_id: UUID, before: Decided, *, reason: str, actor: Actor, now: datetime
) -> None:
    if before.version is None or before.beneficiary_id is None:
        return
    reward_id = _reward_of(session, conversion_id, before.version, before.beneficiary_id, before.bond)
    if reward_id is None:
        raise RuntimeError("a decision that paid has no reward")
    (reward,) = lock_rewards(session, [reward_id])
    end_coupons(session, [reward], reason=reason, refund_id=None, actor=actor, now=now)
    if reward.earned_minor and reward.status not in ("rejected", "reversed"):
        take_back(session, reward, reward.earned_minor, reason=reason, refund_id=None, actor=actor, now=now)


def _reward_of(session: Session, conversion_id: UUID, version: Version, beneficiary_id: UUID, bond: int) -> UUID | None:
    return session.execute(
        select(Reward.id).where(
            Reward.conversion_id == conversion_id,
            Reward.rule_id == version.rule_id,
            Reward.beneficiary_id == beneficiary_id,
            Reward.bond == bond,
        )
    ).scalar_one_or_none()
