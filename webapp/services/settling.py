"""Bringing the rewards of a conversion to what is earned after all that went back of it and came back to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.refunds import still_earned
from webapp.domain.rewards import Change, Taking, write_off_ended
from webapp.domain.rules import RuleDefinition
from webapp.domain.settling import Row, to_give, to_take, without_rejected, write_offs_that_end
from webapp.models import Conversion, Program, Refund, Reward, RewardEvent
from webapp.queries.conversions import Decided, decisions_of, refunds_of
from webapp.queries.rules import find_versions, rule_set
from webapp.services.friend_counts import count_again
from webapp.services.giving_back import ByCause, Taken, former_statuses, give_back, taken_by_cause, write_off
from webapp.services.redeciding import Terms, correct_rewards
from webapp.services.reward_steps import Actor, Standing, Step, lock_rewards, take_steps
from webapp.services.rewards import end_coupons, hold_of_banned, take_back

Reason = Literal["refunded", "charged_back", "dispute_won"]
REASONS: dict[str, Reason] = {"refund": "refunded", "dispute": "charged_back"}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rewards are settled: a refund or a dispute, which takes, or a dispute that was won, which gives back.

    `on` is the moment on whose day it counts.
    """

    refund_id: UUID
    reason: Reason
    on: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What was taken of one reward, or given back to it."""

    reward_id: UUID
    rule_key: str
    amount: Money
    taken_as: Taking


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling did, reward by reward. `kept` names the rules whose rewards stayed as they were."""

    taken: list[Part]
    given: list[Part]
    kept: list[str]


def settle_rewards(session: Session, conversion: Conversion, *, cause: Cause, actor: Actor, now: datetime) -> Settled:
    """Bring the rewards of each rule of a locked conversion to what is still earned, all refunds so far being counted.

    Whatever the cause, the target is the same. A refund only takes, and a won
    dispute only gives back; what ended otherwise is never revived: what a
    person rejected, what a change of the referral ended, and what the newest
    decision does not pay any more.
    """
    settled = Settled([], [], [])
    told = _told(session, conversion)
    for rewards, rule, decided in told.of_rules:
        target = _target(conversion, rewards, rule, decided, told.went_back)
        # What a person rejected is over.
        rows = [reward for reward in rewards if reward.status != "rejected"]
        if rule.reward == "coupon":
            if not _settle_coupons(session, rows, is_earned=target > 0, cause=cause, actor=actor, now=now):
                settled.kept.append(rule.key)
            continue
        if cause.reason == "dispute_won":
            parts = _give(session, rows, target, rule.key, cause=cause, actor=actor, now=now)
            settled.given.extend(parts)
        else:
            parts = _take(session, rows, target, rule.key, cause=cause, actor=actor, now=now)
            settled.taken.extend(parts)
        if not parts:
            settled.kept.append(rule.key)
    if cause.reason == "dispute_won":
        came_back = [
            one.id for rewards, _rule, _decided in told.of_rules for one in rewards if one.status == "reversed"
        ]
        hold_of_banned(session, came_back, now=now)
    program = session.get_one(Program, conversion.program_id)
    rules = rule_set(session, program.id, program.rules_revision)
    count_again(session, _terms(session, conversion, actor, now), rules, conversion)
    return settled


def take_off_what_went_back(session: Session, conversion: Conversion, *, actor: Actor, now: datetime) -> None:
    """Take off rewards that were granted just now what had gone back of their conversion before."""
    stands = (Refund.conversion_id == conversion.id, Refund.won_at.is_(None))
    newest = session.execute(
        select(Refund.id, Refund.kind, Refund.occurred_at).where(*stands).order_by(Refund.occurred_at.desc()).limit(1)
    ).one_or_none()
    if newest is not None:
        cause = Cause(newest.id, REASONS[newest.kind], newest.occurred_at)
        settle_rewards(session, conversion, cause=cause, actor=actor, now=now)


def take_what_is_earned(session: Session, conversion: Conversion, *, actor: Actor, now: datetime) -> None:
    """Bring rewards that were left aside for a while to what is earned after all that went back and came back."""
    take_off_what_went_back(session, conversion, actor=actor, now=now)
    won = (Refund.conversion_id == conversion.id, Refund.won_at.is_not(None))
    newest = session.execute(
        select(Refund.id, Refund.won_at).where(*won).order_by(Refund.won_at.desc(), Refund.id).limit(1)
    ).one_or_none()
    if newest is not None and newest.won_at is not None:
        cause = Cause(newest.id, "dispute_won", newest.won_at)
        settle_rewards(session, conversion, cause=cause, actor=actor, now=now)
    decisions = decisions_of(session, conversion.id)
    follow = [one for one in decisions if one.version and one.version.definition.follows]
    correct_rewards(session, _terms(session, conversion, actor, now), conversion, follow)


def kept_if_counted(session: Session, conversion: Conversion, reward_ids: Collection[UUID]) -> set[UUID]:
    """Return of which of these rewards of a locked conversion something were kept if nobody had rejected them."""
    told = _told(session, conversion)
    found: set[UUID] = set()
    for rewards, rule, decided in told.of_rules:
        rewards = [replace(one, status="held") if one.id in reward_ids else one for one in rewards]
        target = _target(conversion, rewards, rule, decided, told.went_back)
        standing = [one for one in rewards if one.status != "rejected"]
        wanted = {one.id for one in standing if one.id in reward_ids}
        if rule.reward == "coupon":
            found |= wanted if target > 0 else set()
            continue
        by_cause = taken_by_cause(session, [one.id for one in standing])
        rows = [_row(one, by_cause.get(one.id)) for one in standing]
        kept = {row.key: row.earned_minor for row in rows}
        for share in to_take(rows, target):
            kept[share.key] -= share.minor
        for share in to_give(rows, target):
            kept[share.key] += share.minor
        found |= {id_ for id_ in wanted if kept[id_] > 0}
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """The locked rewards of each rule that hold for a conversion, by age, with its newest decision; and what went back.

    Those of former referrers ended for good.
    """

    of_rules: list[tuple[list[Standing], RuleDefinition, Decided | None]]
    went_back: tuple[int, int]


# Built once, since every refund asks it.
_HOLDING = select(Reward.id, Reward.side).where(
    Reward.conversion_id == bindparam("conversion_id", type_=Reward.conversion_id.type), Reward.ended_bond.is_(None)
)


def _told(session: Session, conversion: Conversion) -> _Told:
    sides = dict(session.execute(_HOLDING, {"conversion_id": conversion.id}).all())
    of_rules: dict[tuple[UUID, str], list[Standing]] = {}
    # By id, which is by age.
    for reward in lock_rewards(session, list(sides)):
        of_rules.setdefault((reward.rule_id, sides[reward.id]), []).append(reward)
    decided = {(one.version.rule_id, one.side): one for one in decisions_of(session, conversion.id) if one.version}
    versions = find_versions(session, [reward.rule_version_id for rewards in of_rules.values() for reward in rewards])
    return _Told(
        [
            (rewards, versions[rewards[0].rule_version_id].definition, decided.get(key))
            for key, rewards in of_rules.items()
        ],
        refunds_of(session, conversion.id),
    )


def _terms(session: Session, conversion: Conversion, actor: Actor, now: datetime) -> Terms:
    program = session.get_one(Program, conversion.program_id)
    return Terms(program.id, program.time_zone, program.hold_days, actor, now)


def _target(
    conversion: Conversion,
    rewards: Sequence[Standing],
    rule: RuleDefinition,
    decided: Decided | None,
    went_back: tuple[int, int],
) -> int:
    """Return what the rewards of one rule come to: what the newest decision pays, less its share of what went back."""
    granted = sum(one.amount.minor for one in rewards)
    if rule.reward == "coupon":
        # It has no amount, and is earned as long as the least amount would be.
        granted = int(decided is None or decided.amount is not None)
    else:
        if decided is not None:
            granted = min(granted, decided.amount.minor) if decided.amount else 0
        # What a person rejected is nothing that the others could make up for.
        granted = without_rejected([(one.amount.minor, one.status == "rejected") for one in rewards], granted)
    gone_minor, standing = went_back
    is_met = True
    if rule.when is not None and rule.when.asks_for_amount and conversion.amount_minor and decided is not None:
        is_met = rule.is_met_after_refunds(decided.facts, conversion.amount_minor - gone_minor)
    return still_earned(
        granted,
        proportional=rule.settings.proportional,
        amount_minor=conversion.amount_minor,
        refunded_minor=gone_minor,
        refunds=standing,
        is_met=is_met,
    )


def _settle_coupons(
    session: Session, coupons: Sequence[Standing], *, is_earned: bool, cause: Cause, actor: Actor, now: datetime
) -> bool:
    """End coupons that are not earned any more, or bring back what refunds had ended. Returns whether any changed.

    A code that was handed out stays with whoever has it.
    """
    if cause.reason != "dispute_won":
        ending = [] if is_earned else coupons
        refund_id = cause.refund_id
        return end_coupons(session, ending, reason=cause.reason, refund_id=refund_id, actor=actor, now=now) > 0
    ended = [coupon for coupon in coupons if coupon.status == "reversed"]
    if not is_earned or not ended:
        return False
    former = former_statuses(session, [coupon.id for coupon in ended])
    by_refunds = set(
        session.scalars(
            select(RewardEvent.reward_id)
            .join(Reward, (Reward.id == RewardEvent.reward_id) & (Reward.sequence == RewardEvent.sequence))
            .where(Reward.id.in_(list(former)), RewardEvent.refund_id.is_not(None))
        )
    )
    back = [
        Step(coupon, Change(former[coupon.id]), cause.reason, (), cause.refund_id)
        for coupon in ended
        if coupon.id in by_refunds
    ]
    take_steps(session, back, actor=actor, now=now)
    return bool(back)


def _take(
    session: Session,
    rows: Sequence[Standing],
    target_minor: int,
    rule_key: str,
    *,
    cause: Cause,
    actor: Actor,
    now: datetime,
) -> list[Part]:
    standing = {reward.id: reward for reward in rows}
    parts: list[Part] = []
    for share in to_take([_row(reward) for reward in rows], target_minor):
        reward = standing[share.key]
        changes = take_back(
            session, reward, share.minor, reason=cause.reason, refund_id=cause.refund_id, actor=actor, now=now
        )
        for change in changes:
            amount = Money(change.taken_minor, reward.amount.currency)
            parts.append(Part(reward.id, rule_key, amount, change.taken_as or "reversal"))
    return parts


def _give(
    session: Session,
    rows: Sequence[Standing],
    target_minor: int,
    rule_key: str,
    *,
    cause: Cause,
    actor: Actor,
    now: datetime,
) -> list[Part]:
    standing = {reward.id: reward for reward in rows}
    by_cause = taken_by_cause(session, list(standing))
    of = {reward.id: _row(reward, by_cause.get(reward.id)) for reward in rows}
    shares = to_give(list(of.values()), target_minor)
    former = former_statuses(session, [share.key for share in shares])
    won = set(session.scalars(select(Refund.id).where(Refund.id.in_(_causes(by_cause)), Refund.won_at.is_not(None))))
    parts: list[Part] = []
    for share in shares:
        reward = standing[share.key]
        ending = write_offs_that_end(of[reward.id], share.minor, won)
        after = reward
        if reward.kind == "credit":
            # Asked for again first, so that what comes back settles it instead of being owed to somebody.
            after = _end_write_offs(session, after, ending, actor=actor, now=now)
        before, after = (
            after,
            give_back(
                session,
                after,
                share.minor,
                former=former[reward.id],
                reason=cause.reason,
                refund_id=cause.refund_id,
                on=cause.on,
                actor=actor,
                now=now,
            ),
        )
        parts.extend(_given(before, after, rule_key))
        if reward.kind != "credit":
            _end_write_offs(session, after, ending, actor=actor, now=now)
    return parts


def _given(before: Standing, after: Standing, rule_key: str) -> list[Part]:
    """Say what was given back, and as what: as it had been taken."""
    given: list[tuple[int, Taking]] = [
        (before.reversed_minor - after.reversed_minor, "reversal"),
        (before.clawed_back_minor - after.clawed_back_minor, "clawback"),
    ]
    currency = after.amount.currency
    return [Part(after.id, rule_key, Money(minor, currency), taken_as) for minor, taken_as in given if minor]


def _end_write_offs(
    session: Session,
    reward: Standing,
    ending: Sequence[tuple[UUID | None, int]],
    *,
    actor: Actor,
    now: datetime,
) -> Standing:
    for taken_by, minor in ending:
        change = write_off_ended(Money(minor, reward.amount.currency), reward.status)
        reward = write_off(session, reward, change, reason="write_off_ended", refund_id=taken_by, actor=actor, now=now)
    return reward


def _causes(by_cause: ByCause) -> set[UUID]:
    return {refund_id for causes in by_cause.values() for refund_id in causes if refund_id}


def _row(reward: Standing, causes: Mapping[UUID | None, Taken] | None = None) -> Row:
    causes = causes or {}
    return Row(
        reward.id,
        reward.amount.minor,
        reward.earned_minor,
        sum(taken.minor for refund_id, taken in causes.items() if refund_id),
        tuple((cause, taken.written_off_minor) for cause, taken in causes.items() if taken.written_off_minor),
    )
