"""Deciding again about a conversion because more or fewer friends count, and letting its rewards follow by new rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.facts import Earned, Facts
from webapp.domain.money import Money
from webapp.domain.refunds import still_earned
from webapp.domain.rewards import write_off_ended
from webapp.domain.settling import without_rejected
from webapp.models import Conversion, Refund, Reward, RewardDecision
from webapp.queries.conversions import Decided, refunds_of
from webapp.queries.screenings import doubts_about
from webapp.services.decisions import Asked, Asker, answer, append_decisions, facts_with_used, with_group_quotes
from webapp.services.doubts import is_doubted, why_held
from webapp.services.giving_back import taken_by_cause, write_off
from webapp.services.reward_steps import Actor, Standing, lock_rewards
from webapp.services.rewards import Grant, change_status, end_coupons, grant_rewards, reject_refused, take_back


@dataclass(frozen=True, slots=True)
class Terms:
    """What the program says, who acts and when."""

    program_id: UUID
    time_zone: str
    hold_days: int
    actor: Actor
    now: datetime


def decide_again(
    session: Session,
    terms: Terms,
    conversion: Conversion,
    before: Sequence[Decided],
    anew: Mapping[UUID, Facts],
    *,
    referrer_id: UUID,
    is_new: bool = False,
) -> None:
    """Ask rules again about a conversion with other facts, by the rules' ids, and correct what was given for it.

    `before` is all that holds for it. Only what comes out otherwise is kept,
    for all rules: those that exclude each other change with one of them. What
    rises asks for room anew; what falls keeps the room that it had. So does the
    conversion that `is_new`, which has the room of all that it has just ended.
    """
    asked = [_asked(one, anew) for one in before if one.version is not None]
    asker = Asker(
        terms.program_id,
        terms.time_zone,
        friend_id=_friend_of(conversion),
        referrer_id=referrer_id,
        bond=before[0].bond,
        tie=conversion.tie_break,
        told_at=conversion.recorded_at,
    )
    old = {one.version.rule_id: one for one in before if one.version is not None}
    asked = [
        replace(one, facts=facts_with_used(session, asker, one.version, one.facts, conversion_id=conversion.id))
        if _rises(old[one.version.rule_id], said) or (is_new and one.version.rule_id in anew)
        else one
        for one, said in zip(asked, answer(asked), strict=True)
    ]
    changed = [
        said
        for said in answer(with_group_quotes(session, terms.program_id, asked, told_at=asker.told_at))
        if said.version and outcome_of(said) != outcome_of(old[said.version.rule_id])
    ]
    if not changed:
        return
    newest = select(func.max(RewardDecision.sequence)).where(RewardDecision.conversion_id == conversion.id)
    append_decisions(session, conversion.id, changed, after=session.scalar(newest) or 0, now=terms.now)
    correct_rewards(session, terms, conversion, changed)


def correct_rewards(session: Session, terms: Terms, conversion: Conversion, decisions: Sequence[Decided]) -> None:
    """Bring what is kept of the rewards of some rules to what is decided now, less what was refunded.

    What a person rejected stays so and nothing is added to it; what adds to a reward that is held, or comes in its
    stead, is held too.
    """
    rows = session.execute(
        select(Reward.id, Reward.rule_id, Reward.correction)
        .where(Reward.conversion_id == conversion.id, Reward.ended_bond.is_(None))
        .order_by(Reward.correction)
    ).all()
    numbers = {row.id: row.correction for row in rows}
    locked = {one.id: one for one in lock_rewards(session, list(numbers))}
    refunded_minor, refunds = refunds_of(session, conversion.id)
    stands = (Refund.conversion_id == conversion.id, Refund.won_at.is_(None))
    refund_id = session.scalar(select(Refund.id).where(*stands).order_by(Refund.occurred_at.desc()).limit(1))
    for decided in decisions:
        version = decided.version
        if version is None:
            continue
        standing = [locked[row.id] for row in rows if row.rule_id == version.rule_id]
        rejected = any(one.status == "rejected" for one in standing)
        rule, granted = version.definition, decided.amount
        is_coupon = rule.reward == "coupon"
        # A coupon has no amount, and is earned as long as the least amount would be.
        granted_minor = (1 if is_coupon else granted.minor) if granted else 0
        if rejected:
            amounts = [(one.amount.minor, one.status == "rejected") for one in standing]
            granted_minor = without_rejected(amounts, granted_minor)
            standing = [one for one in standing if one.status != "rejected"]
        left = (conversion.amount_minor or 0) - refunded_minor
        earned = still_earned(
            granted_minor,
            proportional=rule.settings.proportional,
            amount_minor=conversion.amount_minor,
            refunded_minor=refunded_minor,
            refunds=refunds,
            is_met=not refunded_minor or rule.is_met_after_refunds(decided.facts, left),
        )
        if is_coupon and not earned:
            end_coupons(session, standing, reason="recounted", refund_id=None, actor=terms.actor, now=terms.now)
        if is_coupon and (not earned or any(one.status != "reversed" for one in standing)):
            # Otherwise there is one, waiting for a code or handed out.
            continue
        kept = sum(one.earned_minor for one in standing)
        for one in reversed(standing):
            taken = min(one.earned_minor, kept - earned)
            if taken > 0:
                take_back(session, one, taken, reason="recounted", refund_id=None, actor=terms.actor, now=terms.now)
                kept -= taken
        # What is earned for the first time has its reward also where refunds have left nothing of it.
        if granted is None or rejected or (standing and earned <= kept):
            continue
        correction = max(numbers[one.id] for one in standing) + 1 if standing else 0
        # A reward of its own is granted whole, and what was refunded meanwhile taken off.
        amount = Money(earned - kept, granted.currency) if correction and not is_coupon else granted
        grant = _grant(session, terms, conversion, decided, amount, correction)
        zone = terms.time_zone
        (new,) = grant_rewards(session, terms.program_id, [grant], time_zone=zone, actor=terms.actor, now=terms.now)
        _end_write_offs(session, terms, standing, earned - kept)
        if new.status != "held" and is_doubted(session, conversion.id, version.rule_id, standing):
            change_status(session, new.id, "held", reason="to_check", actor=terms.actor, now=terms.now)
        if amount.minor > earned - kept:
            (whole,) = lock_rewards(session, [new.id])
            off = amount.minor - (earned - kept)
            take_back(session, whole, off, reason="refunded", refund_id=refund_id, actor=terms.actor, now=terms.now)
        reject_refused(session, [new], now=terms.now)


def _end_write_offs(session: Session, terms: Terms, standing: Sequence[Standing], given_minor: int) -> None:
    """Let what was forgiven be owed again as far as it is earned anew, or it would be given twice."""
    left = given_minor
    causes = taken_by_cause(session, [one.id for one in standing])
    for one in standing:
        forgiven = causes.get(one.id, {}).get(None)
        minor = min(left, forgiven.written_off_minor) if forgiven else 0
        if minor > 0:
            change = write_off_ended(Money(minor, one.amount.currency), one.status)
            write_off(session, one, change, reason="write_off_ended", refund_id=None, actor=terms.actor, now=terms.now)
            left -= minor


def _asked(one: Decided, anew: Mapping[UUID, Facts]) -> Asked:
    if one.version is None:
        raise ValueError("a rule is asked again only where one was asked")
    return Asked(one.version, anew.get(one.version.rule_id, one.facts), one.beneficiary_id, one.bond)


def _friend_of(conversion: Conversion) -> UUID:
    if conversion.user_id is None:
        raise ValueError("nobody is rewarded for what a stranger did")
    return conversion.user_id


def outcome_of(decided: Decided) -> object:
    """Return what has to be kept anew when it changes: also what a rule that does not pay is worth by itself.

    Before and after its limits, since what a limit refuses is told with the friends who count as well.
    """
    rule, facts = decided.version.definition if decided.version else None, decided.facts
    answers = (rule.worth(facts), rule.price_alone(facts)) if rule else ()
    worth = [answer.amount if isinstance(answer, Earned) else None for answer in answers]
    return decided.code, decided.amount, facts.beaten_by, worth


def _rises(before: Decided, after: Decided) -> bool:
    return after.amount is not None and (before.amount is None or after.amount.minor > before.amount.minor)


def _grant(
    session: Session, terms: Terms, conversion: Conversion, decided: Decided, amount: Money, correction: int
) -> Grant:
    if decided.version is None or decided.beneficiary_id is None:
        raise ValueError("only what a rule gives somebody can be granted")
    friend_id = _friend_of(conversion)
    doubts = doubts_about(session, friend_id, decided.bond)
    return Grant(
        conversion_id=conversion.id,
        event_id=conversion.event_id,
        version=decided.version,
        beneficiary_id=decided.beneficiary_id,
        amount=amount,
        occurred_at=conversion.occurred_at,
        hold_days=decided.version.definition.hold_days_within(terms.hold_days),
        bond=decided.bond,
        doubt=why_held(session, doubts, decided, friend_id=friend_id, time_zone=terms.time_zone),
        correction=correction,
    )
