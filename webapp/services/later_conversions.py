"""What an event that arrives late changes for what the same person did after it: each counts one higher.

All ends as if everything had arrived in order, except for two things that
cannot be undone. A limit stays judged as it was when the event first met it,
and a reward that was taken back is not given again, unless its rule counts
friends or shares a group: those follow all that is known, by corrections.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.registry import counting_of
from webapp.models import Conversion, Reward, RewardDecision
from webapp.models.conversion import TIE_BREAK
from webapp.queries.bonuses import bonus_step
from webapp.queries.conversions import Decided, Surroundings, decisions_of, decisions_of_many
from webapp.queries.rules import Version
from webapp.services.decisions import Asked, Asker, answer, append_decisions, facts_with_used, with_group_quotes
from webapp.services.doubts import why_held
from webapp.services.redeciding import Terms, decide_again
from webapp.services.refunds import lock_conversions
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rewards import Grant, end_coupons, grant_rewards, reject_refused, take_back
from webapp.services.settling import take_off_what_went_back


@dataclass(frozen=True, slots=True)
class Begun:
    """A rule that pays for a conversion since it counts one higher."""

    conversion_id: UUID
    version: Version
    facts: Facts
    beneficiary_id: UUID
    bond: int

    @property
    def follows(self) -> bool:
        """Whether what it pays is decided again as often as other things change."""
        return self.version.definition.follows


@dataclass(slots=True)
class Later:
    """What counting one higher changed, for what follows when the event is written.

    `begun` is earned only now. `ended` is when what happened that brings a bonus
    no more; for the conversions of `counted` a rule that counts friends is for
    only now.
    """

    begun: list[Begun] = field(default_factory=list)
    ended: list[datetime] = field(default_factory=list)
    counted: set[UUID] = field(default_factory=set)


def end_what_no_longer_counts(
    session: Session, program_id: UUID, user_id: UUID, type: str, *, earlier: int, actor: Actor, now: datetime
) -> Later:
    """Let all that happened after an event count one higher, and take back what is not earned any more.

    `earlier` is how many happened before it. The event itself is not written
    yet, so that what comes free of a limit is there for it.
    """
    ordered = session.execute(
        select(Conversion.id, Conversion.recorded_at)
        .where(Conversion.user_id == user_id, Conversion.type == type)
        .order_by(Conversion.occurred_at, TIE_BREAK)
    ).all()
    decisions = decisions_of_many(session, [row.id for row in ordered[earlier:]])
    anew: list[tuple[UUID, list[tuple[Decided, Decided]]]] = []
    later = Later()
    for nth, (conversion_id, told_at) in enumerate(ordered[earlier:], earlier + 2):
        pairs = []
        counted = [one for one in decisions.get(conversion_id, []) if one.version is not None]
        # Those that exclude each other change together.
        asked = [_one_higher(one, nth) for one in counted]
        answers = answer(with_group_quotes(session, program_id, asked, told_at=told_at))
        for before, after in zip(counted, answers, strict=True):
            if before.facts.nth_purchase == nth or after.version is None:
                continue
            if before.amount is None and after.amount is not None and before.beneficiary_id is not None:
                later.begun.append(Begun(conversion_id, after.version, after.facts, before.beneficiary_id, before.bond))
                continue
            pairs.append((before, after))
            if bonus_step(before) and not bonus_step(after):
                later.ended.append(before.facts.occurred_at)
            elif before.facts.friends is None and after.facts.friends is not None:
                later.counted.add(conversion_id)
        anew.append((conversion_id, pairs))
    # First the conversions, as refunds do; then all rewards at once, as whoever decides about many of them does.
    lock_conversions(session, {one.conversion_id for one in later.begun})
    _lock_rewards_of(session, {one.conversion_id for one in later.begun} | {of for of, pairs in anew if _end(pairs)})
    for conversion_id, pairs in anew:
        for before, after in pairs:
            if before.amount is not None and after.amount is None:
                _end_reward(session, conversion_id, before, reason=after.code, actor=actor, now=now)
            elif before.amount != after.amount:
                raise RuntimeError("counting higher changed what a rule pays, which no kind of rule does yet")
        _append(session, conversion_id, [after for _before, after in pairs], now=now)
    return later


def begin_what_counts_now(
    session: Session, program_id: UUID, begun: Sequence[Begun], *, about: Surroundings, actor: Actor, now: datetime
) -> None:
    """Give what is earned only since an event counts one higher, less what was refunded meanwhile."""
    for conversion_id in dict.fromkeys(one.conversion_id for one in begun if one.follows):
        if about.referrer_id is None:
            raise RuntimeError("a rule was asked about someone whom nobody referred")
        terms = Terms(program_id, about.time_zone, about.hold_days, actor, now)
        conversion, before = session.get_one(Conversion, conversion_id), decisions_of(session, conversion_id)
        anew = {one.version.rule_id: one.facts for one in begun if one.conversion_id == conversion_id}
        decide_again(session, terms, conversion, before, anew, referrer_id=about.referrer_id)
    for one in begun:
        if one.follows:
            continue
        conversion = session.get_one(Conversion, one.conversion_id)
        if _rewards_of(session, one.conversion_id, one.version, one.beneficiary_id, one.bond):
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
            tie=conversion.tie_break,
            told_at=conversion.recorded_at,
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
            doubt=why_held(session, about.doubts, decided, friend_id=friend_id, time_zone=about.time_zone),
        )
        new = grant_rewards(session, program_id, [grant], time_zone=about.time_zone, actor=actor, now=now)
        take_off_what_went_back(session, conversion, actor=actor, now=now)
        reject_refused(session, new, now=now)


def _one_higher(one: Decided, nth: int) -> Asked:
    if one.version is None:
        raise ValueError("only a rule is asked")
    facts, rule = replace(one.facts, nth_purchase=nth), one.version.definition
    if facts.friends is None and counting_of(rule.settings) is not None and rule.qualifies(facts):
        # How many they are is looked at when the event is there.
        facts = replace(facts, friends=0, is_new_friend=False)
    return Asked(one.version, facts, one.beneficiary_id, one.bond)


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
    reward_ids = _rewards_of(session, conversion_id, before.version, before.beneficiary_id, before.bond)
    if not reward_ids:
        raise RuntimeError("a decision that paid has no reward")
    rewards = lock_rewards(session, reward_ids)
    end_coupons(session, rewards, reason=reason, refund_id=None, actor=actor, now=now)
    for reward in rewards:
        if reward.earned_minor and reward.status not in ("rejected", "reversed"):
            take_back(session, reward, reward.earned_minor, reason=reason, refund_id=None, actor=actor, now=now)


def _rewards_of(
    session: Session, conversion_id: UUID, version: Version, beneficiary_id: UUID, bond: int
) -> Sequence[UUID]:
    """Return what a rule gave somebody for a conversion, corrections included."""
    return session.scalars(
        select(Reward.id).where(
            Reward.conversion_id == conversion_id,
            Reward.rule_id == version.rule_id,
            Reward.beneficiary_id == beneficiary_id,
            Reward.bond == bond,
        )
    ).all()
