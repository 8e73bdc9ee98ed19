"""Recording what people do, and rewarding it: all in one transaction, once for each event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain import facts as stored_facts
from webapp.domain.facts import Earned, Facts
from webapp.domain.money import Money
from webapp.domain.outcomes import REASONS
from webapp.domain.periods import local_day
from webapp.domain.sentences import to_stored
from webapp.ids import new_id
from webapp.models import Conversion, Reward, RewardDecision
from webapp.queries.conversions import Decided, Surroundings, decisions_of_many, surroundings
from webapp.queries.rewards import RewardRow, rewards_of_conversion
from webapp.queries.rules import Version, rule_set
from webapp.services.queues import queue_for
from webapp.services.refunds import apply_waiting_refunds
from webapp.services.rewards import Actor, Grant, grant_rewards, lock_rewards, take_back
from webapp.services.rollups import count_purchase
from webapp.services.rows import append
from webapp.transactions import sent_together

SIGNUP, PURCHASE = "signup", "purchase"


class EventTakenError(Exception):
    """The business has given this event id to another event before."""


class OrderTakenError(Exception):
    """An order is rewarded once: there is an event of this type with the same order id already."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `event_id` is None for a signup, which is counted here and not reported."""

    type: str
    occurred_at: datetime
    event_id: str | None = None
    amount: Money | None = None
    order_id: str | None = None
    details: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event: what was decided about it and the rewards it earned, as they stand."""

    conversion_id: UUID
    decisions: list[Decided]
    rewards: list[RewardRow]


def record_conversion(
    session: Session, program_id: UUID, event: Event, *, user_id: UUID | None, actor: Actor, now: datetime
) -> Recorded:
    """Record an event of a person (None for someone without an account), decide on its rewards and grant them.

    Each rule that was live when it happened is asked, and its answer is kept,
    whether it pays or not. Refunds that waited for the event are applied.
    Raises EventTakenError or OrderTakenError, and then nothing was written.
    """
    queue_for(session, program_id, *_names_of(event, user_id))
    about = surroundings(
        session,
        program_id,
        user_id=user_id,
        type=event.type,
        occurred_at=event.occurred_at,
        event_id=event.event_id,
        order_id=event.order_id,
    )
    if about.event_taken:
        raise EventTakenError
    if about.order_taken:
        raise OrderTakenError
    conversion_id = new_id()
    decisions = _decide(session, program_id, event, user_id=user_id, about=about)
    with sent_together(session):
        _append_conversion(session, program_id, conversion_id, event, user_id=user_id, about=about, now=now)
        _append_decisions(session, conversion_id, decisions, after=0, now=now)
        rewards = _grant(session, program_id, event, conversion_id, decisions, about=about, actor=actor, now=now)
    if event.type == PURCHASE and about.link_id and about.referrer_id:
        day = local_day(event.occurred_at, about.time_zone)
        count_purchase(session, program_id, about.link_id, about.referrer_id, day)
    if about.later and user_id:
        _decide_later_ones_again(session, event, user_id=user_id, actor=actor, now=now)
    if about.waiting_refunds:
        apply_waiting_refunds(session, program_id, conversion_id, actor=actor, now=now)
        rewards = rewards_of_conversion(session, conversion_id)
    return Recorded(conversion_id, decisions, rewards)


def _names_of(event: Event, user_id: UUID | None) -> list[str]:
    """Return what an event queues for: itself, its order, and what else the same person does."""
    names = {"event": event.event_id, "order": event.order_id, "conversions": user_id}
    return [f"{of}:{name}" for of, name in names.items() if name is not None]


def _append_conversion(
    session: Session,
    program_id: UUID,
    conversion_id: UUID,
    event: Event,
    *,
    user_id: UUID | None,
    about: Surroundings,
    now: datetime,
) -> None:
    row = {
        "id": conversion_id,
        "program_id": program_id,
        "event_id": event.event_id,
        "type": event.type,
        "user_id": user_id,
        "referral_id": about.referral_id,
        "amount_minor": event.amount.minor if event.amount else None,
        "currency": event.amount.currency if event.amount else None,
        "order_id": event.order_id,
        "details": event.details,
        "occurred_at": event.occurred_at,
        "recorded_at": now,
    }
    append(session, Conversion, [row])


def _decide(
    session: Session, program_id: UUID, event: Event, *, user_id: UUID | None, about: Surroundings
) -> list[Decided]:
    facts = Facts(event.type, event.occurred_at, event.amount, about.earlier + 1)
    if user_id is None:
        return [_without_rule("unknown_person", facts)]
    if about.referrer_id is None:
        return [_without_rule("not_referred", facts)]
    if event.type == SIGNUP and about.earlier + about.later:
        return [_without_rule("already_signed_up", facts)]
    decisions = [
        _ask(version, facts, about.referrer_id if version.definition.beneficiary == "referrer" else user_id)
        for version in rule_set(session, program_id, about.rules_revision).live_at(event.occurred_at)
        if version.definition.trigger == event.type
    ]
    return decisions or [_without_rule("no_rule", facts)]


def _ask(version: Version, facts: Facts, beneficiary_id: UUID | None) -> Decided:
    side, answer = version.definition.beneficiary, version.definition.price(facts)
    if isinstance(answer, Earned):
        return Decided(version, side, beneficiary_id, answer.code, answer.because, facts, answer.amount)
    return Decided(version, side, beneficiary_id, answer.code, (answer.because,), facts, None)


def _without_rule(code: str, facts: Facts) -> Decided:
    return Decided(None, None, None, code, (REASONS[code],), facts, None)


def _append_decisions(
    session: Session, conversion_id: UUID, decisions: Sequence[Decided], *, after: int, now: datetime
) -> None:
    append(
        session,
        RewardDecision,
        [
            {
                "conversion_id": conversion_id,
                "sequence": sequence,
                "rule_version_id": decided.version.id if decided.version else None,
                "side": decided.side,
                "beneficiary_id": decided.beneficiary_id,
                "code": decided.code,
                "facts": stored_facts.to_stored(decided.facts),
                "because": [to_stored(sentence) for sentence in decided.because],
                "amount_minor": decided.amount.minor if decided.amount else None,
                "currency": decided.amount.currency if decided.amount else None,
                "decided_at": now,
            }
            for sequence, decided in enumerate(decisions, after + 1)
        ],
    )


def _grant(
    session: Session,
    program_id: UUID,
    event: Event,
    conversion_id: UUID,
    decisions: Sequence[Decided],
    *,
    about: Surroundings,
    actor: Actor,
    now: datetime,
) -> list[RewardRow]:
    grants = [
        Grant(
            conversion_id=conversion_id,
            event_id=event.event_id,
            version=decided.version,
            beneficiary_id=decided.beneficiary_id,
            amount=decided.amount,
            occurred_at=event.occurred_at,
            hold_days=decided.version.definition.hold_days_within(about.hold_days),
        )
        for decided in decisions
        if decided.version and decided.beneficiary_id and decided.amount
    ]
    return grant_rewards(session, program_id, grants, actor=actor, now=now)


def _decide_later_ones_again(session: Session, event: Event, *, user_id: UUID, actor: Actor, now: datetime) -> None:
    """Let what happened after an event that arrives late count one higher, as if all had arrived in order.

    Counting higher can only end a reward, never begin one; what was granted is
    taken back by a new row, and a new decision says why.
    """
    ordered = session.scalars(
        select(Conversion.id)
        .where(Conversion.user_id == user_id, Conversion.type == event.type)
        .order_by(Conversion.occurred_at, func.coalesce(Conversion.event_id, ""))
    ).all()
    decisions = decisions_of_many(session, ordered)
    for nth, conversion_id in enumerate(ordered, 1):
        stale = [
            decided
            for decided in decisions.get(conversion_id, [])
            if decided.version and decided.facts.nth_purchase != nth
        ]
        if stale:
            _decide_again(session, conversion_id, stale, nth, actor=actor, now=now)


def _decide_again(
    session: Session, conversion_id: UUID, stale: Sequence[Decided], nth: int, *, actor: Actor, now: datetime
) -> None:
    anew = []
    for decided in stale:
        if decided.version is None:
            continue
        again = _ask(decided.version, replace(decided.facts, nth_purchase=nth), decided.beneficiary_id)
        if decided.amount is not None and again.amount is None:
            _end_reward(session, conversion_id, decided, reason=again.code, actor=actor, now=now)
        elif again.amount != decided.amount:
            raise RuntimeError("counting higher changed what a rule pays, which no kind of rule does yet")
        anew.append(again)
    newest = select(func.max(RewardDecision.sequence)).where(RewardDecision.conversion_id == conversion_id)
    _append_decisions(session, conversion_id, anew, after=session.execute(newest).scalar_one(), now=now)


def _end_reward(
    session: Session, conversion_id: UUID, decided: Decided, *, reason: str, actor: Actor, now: datetime
) -> None:
    if decided.version is None:
        return
    reward_id = session.execute(
        select(Reward.id).where(
            Reward.conversion_id == conversion_id,
            Reward.rule_id == decided.version.rule_id,
            Reward.beneficiary_id == decided.beneficiary_id,
        )
    ).scalar_one()
    (reward,) = lock_rewards(session, [reward_id])
    if reward.kept_minor and reward.status not in ("rejected", "reversed"):
        take_back(session, reward, reward.kept_minor, reason=reason, refund_id=None, actor=actor, now=now)
