"""Recording what people do, and rewarding it: all in one transaction, once for each event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.ids import new_id
from webapp.models import Conversion
from webapp.queries.conversions import Decided, Surroundings, surroundings
from webapp.queries.friend_counts import Place
from webapp.queries.origins import known_origin
from webapp.queries.rewards import RewardRow, rewards_of_conversion
from webapp.queries.rules import RuleSet, rule_set
from webapp.services.decisions import Asker, append_decisions, ask, without_rule
from webapp.services.doubts import why_held
from webapp.services.friend_counts import count_conversion, look_again
from webapp.services.later_conversions import Later, begin_what_counts_now, end_what_no_longer_counts
from webapp.services.limits import queue_for_limits
from webapp.services.queues import queue_for
from webapp.services.redeciding import Terms
from webapp.services.refunds import apply_waiting_refunds
from webapp.services.reward_steps import Actor
from webapp.services.rewards import Grant, grant_rewards, reject_refused
from webapp.services.rollups import count_purchase
from webapp.services.rows import append
from webapp.services.rules import RULES
from webapp.transactions import note, sent_together

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
    # Beside other events, but not while rules are published: what happened after that is priced by the new version.
    queue_for(session, program_id, *_names_of(event, user_id), beside=RULES)
    about = surroundings(
        session,
        program_id,
        user_id=user_id,
        type=event.type,
        occurred_at=event.occurred_at,
        event_id=event.event_id,
        order_id=event.order_id,
    )
    if about.friend_erased:
        # Nobody knows them any more: they were found before they were erased, or named by the id that stays.
        return record_conversion(session, program_id, event, user_id=None, actor=actor, now=now)
    if about.event_taken:
        raise EventTakenError
    if about.order_taken:
        raise OrderTakenError
    conversion_id = new_id()
    rules = _rules_for(session, program_id, event, user_id=user_id, about=about)
    later = Later()
    if about.later and user_id and rules is not None:
        # First, so that a limit has the room that comes free.
        later = end_what_no_longer_counts(
            session, program_id, user_id, event.type, earlier=about.earlier, actor=actor, now=now
        )
    decisions = _decide(session, program_id, event, rules, user_id=user_id, about=about, now=now)
    grants = _grants(session, event, conversion_id, decisions, friend_id=user_id, about=about)
    with sent_together(session):
        _append_conversion(session, program_id, conversion_id, event, user_id=user_id, about=about, now=now)
        append_decisions(session, conversion_id, decisions, after=0, now=now)
        rewards = grant_rewards(session, program_id, grants, time_zone=about.time_zone, actor=actor, now=now)
    if event.type == PURCHASE:
        count_purchase(session, program_id, about, event.occurred_at, event.amount)
    begin_what_counts_now(session, program_id, later.begun, about=about, actor=actor, now=now)
    is_decided_anew = False
    if rules is not None and user_id is not None and about.referrer_id is not None:
        terms = Terms(program_id, about.time_zone, about.hold_days, actor, now)
        is_decided_anew = count_conversion(
            session,
            terms,
            rules,
            decisions,
            conversion_id=conversion_id,
            friend_id=user_id,
            referrer_id=about.referrer_id,
            place=Place(event.occurred_at, event.event_id or ""),
        )
        if about.later:
            look_again(
                *(session, terms, rules, event.type),
                friend_id=user_id,
                referrer_id=about.referrer_id,
                bond=about.bond,
                ended=later.ended,
                begun=later.counted,
            )
    if about.waiting_refunds:
        apply_waiting_refunds(session, program_id, conversion_id, actor=actor, now=now)
    is_refused = reject_refused(session, rewards, now=now)
    if about.waiting_refunds or is_decided_anew or is_refused:
        rewards = rewards_of_conversion(session, conversion_id)
    note(session, "conversions_recorded", type=event.type)
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


def _rules_for(
    session: Session, program_id: UUID, event: Event, *, user_id: UUID | None, about: Surroundings
) -> RuleSet | None:
    """Return the rules that may be asked, after queueing for their limits; None when none is asked at all."""
    if user_id is None or about.referrer_id is None or (event.type == SIGNUP and about.earlier + about.later):
        return None
    rules = rule_set(session, program_id, about.rules_revision)
    queue_for_limits(session, program_id, rules, {event.type}, about.referrer_id)
    return rules


def _decide(
    session: Session,
    program_id: UUID,
    event: Event,
    rules: RuleSet | None,
    *,
    user_id: UUID | None,
    about: Surroundings,
    now: datetime,
) -> list[Decided]:
    facts = Facts(event.type, event.occurred_at, event.amount, about.earlier + 1)
    if user_id is None:
        return [without_rule("unknown_person", facts)]
    if about.referrer_id is None:
        return [without_rule("not_referred", facts)]
    if rules is None:
        return [without_rule("already_signed_up", facts)]
    told = replace(facts, details=event.details or {}, origin=_origin(event, about), signed_up_at=about.signed_up_at)
    asker = Asker(
        program_id,
        about.time_zone,
        friend_id=user_id,
        referrer_id=about.referrer_id,
        bond=about.bond,
        tie=event.event_id or "",
        told_at=now,
    )
    live = [version for version in rules.live_at(event.occurred_at) if version.definition.trigger == event.type]
    decisions = ask(session, asker, live, told)
    return decisions or [without_rule("no_rule", facts)]


def _origin(event: Event, about: Surroundings) -> dict[str, str]:
    """Return what is known of how the person came. A signup that is counted here tells itself from which country."""
    is_own = event.type == SIGNUP and event.event_id is None
    return about.origin | (known_origin(event.details or {}) if is_own else {})


def _grants(
    session: Session,
    event: Event,
    conversion_id: UUID,
    decisions: Sequence[Decided],
    *,
    friend_id: UUID | None,
    about: Surroundings,
) -> list[Grant]:
    return [
        Grant(
            conversion_id=conversion_id,
            event_id=event.event_id,
            version=decided.version,
            beneficiary_id=decided.beneficiary_id,
            amount=decided.amount,
            occurred_at=event.occurred_at,
            hold_days=decided.version.definition.hold_days_within(about.hold_days),
            bond=decided.bond,
            doubt=why_held(session, about.doubts, decided, friend_id=friend_id, time_zone=about.time_zone),
        )
        for decided in decisions
        if friend_id and decided.version and decided.beneficiary_id and decided.amount
    ]
