"""The money of a changed referral: what the former referrer has of it ends, and the new one is granted theirs.

Each conversion is priced by the rules that were live when it happened, as one
that arrives late is. A reward about which somebody had doubts leaves the
doubts behind: the new one is held until a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.referral_changes import ACTIONS, Kind
from webapp.models import Conversion, Program, Reward, RewardDecision
from webapp.models.conversion import TIE_BREAK
from webapp.queries.conversions import Decided, decisions_of
from webapp.queries.friend_counts import Place
from webapp.queries.origins import Came, came_of
from webapp.queries.rewards import RewardRow
from webapp.queries.rules import RuleSet
from webapp.queries.screenings import doubts_about
from webapp.services.decisions import (
    Asked,
    Asker,
    answer,
    append_decisions,
    ask,
    facts_with_used,
    with_group_quotes,
    without_rule,
)
from webapp.services.doubts import doubted_before, why_held
from webapp.services.friend_counts import count_conversion
from webapp.services.redeciding import Terms, correct_rewards, outcome_of
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rewards import Grant, change_statuses, end_coupons, grant_rewards, reject_refused, take_back
from webapp.services.settling import take_off_what_went_back

SIGNUP = "signup"


@dataclass(frozen=True, slots=True)
class Bond:
    """What a friend's referral becomes: the number of the change, and who is credited since; None for nobody."""

    number: int
    kind: Kind
    program: Program
    friend_id: UUID
    referrer_id: UUID | None
    actor: Actor
    now: datetime

    @property
    def terms(self) -> Terms:
        """What the program says, who acts and when."""
        return Terms(self.program.id, self.program.time_zone, self.program.hold_days, self.actor, self.now)


def conversions_of(session: Session, friend_id: UUID) -> Sequence[Conversion]:
    """Return all that someone did, in the order in which it counts."""
    return session.scalars(
        select(Conversion)
        .where(Conversion.user_id == friend_id)
        .order_by(Conversion.occurred_at, TIE_BREAK, Conversion.id)
    ).all()


def end_rewards(session: Session, bond: Bond, conversions: Sequence[Conversion]) -> None:
    """Let the rewards that hold for the former referrer end, all of what is kept being taken back.

    The friend's own end when nobody is credited any more. One that was rejected stays so.
    """
    hold = (Reward.conversion_id.in_([one.id for one in conversions]), Reward.ended_bond.is_(None))
    sides = dict(session.execute(select(Reward.id, Reward.side).where(*hold)).all())
    # The friend's too, which refunds look at later: all at once, as whoever decides about many of them does.
    standing = lock_rewards(session, list(sides))
    ending = {id_ for id_, side in sides.items() if bond.kind == "remove" or side == "referrer"}
    coupons = [reward for reward in standing if reward.id in ending]
    reason = ACTIONS[bond.kind]
    end_coupons(session, coupons, reason=reason, refund_id=None, actor=bond.actor, now=bond.now)
    for reward in standing:
        if reward.id not in ending or not reward.earned_minor or reward.status in ("rejected", "reversed"):
            continue
        take_back(session, reward, reward.earned_minor, reason=reason, refund_id=None, actor=bond.actor, now=bond.now)
    if ending:
        session.execute(update(Reward).where(Reward.id.in_(ending)).values(ended_bond=bond.number))


def grant_anew(session: Session, bond: Bond, rules: RuleSet, conversions: Sequence[Conversion]) -> None:
    """Decide about all that the friend did, for whoever is credited now, and grant what is earned.

    One after the other as it happened, so that limits are judged in that order.
    """
    doubted = doubted_before(session, [one.id for one in conversions])
    counts: dict[str, int] = {}
    again = _again(conversions)
    came = came_of(session, bond.program.id, bond.friend_id)
    for conversion in conversions:
        counts[conversion.type] = nth = counts.get(conversion.type, 0) + 1
        if conversion.type == SIGNUP and conversion.id not in again:
            # There is one that counts, whenever the others are said to have happened.
            nth = 1
        decisions = _decide(session, bond, rules, conversion, nth, came, is_again=conversion.id in again)
        if not decisions:
            continue
        decisions, friends_own = _with_groups(session, bond, rules, conversion, decisions)
        _append(session, conversion.id, [*decisions, *friends_own], now=bond.now)
        correct_rewards(session, bond.terms, conversion, friends_own)
        new = _grant(session, bond, conversion, decisions)
        if held := [one.id for one in new if one.status != "held" and (conversion.id, one.version.rule_id) in doubted]:
            change_statuses(session, held, "held", reason="to_check", actor=bond.actor, now=bond.now)
        if bond.referrer_id is not None:
            count_conversion(
                session,
                bond.terms,
                rules,
                decisions,
                conversion_id=conversion.id,
                friend_id=bond.friend_id,
                referrer_id=bond.referrer_id,
                place=Place(conversion.occurred_at, conversion.tie_break),
            )
        if decisions:
            take_off_what_went_back(session, conversion, actor=bond.actor, now=bond.now)
        reject_refused(session, new, now=bond.now)


def _again(conversions: Sequence[Conversion]) -> set[UUID]:
    """Return the signups that are not somebody's first one as they arrived: those earn nothing."""
    signups = sorted(
        (one for one in conversions if one.type == SIGNUP), key=lambda one: (one.recorded_at, one.tie_break)
    )
    return {one.id for one in signups[1:]}


def _decide(
    session: Session,
    bond: Bond,
    rules: RuleSet,
    conversion: Conversion,
    nth: int,
    came: Came | None,
    *,
    is_again: bool,
) -> list[Decided]:
    """Return what is decided anew; nothing where a move changes nothing, as for the friend's own rewards."""
    amount = None
    if conversion.amount_minor is not None and conversion.currency is not None:
        amount = Money(conversion.amount_minor, conversion.currency)
    facts = Facts(conversion.type, conversion.occurred_at, amount, nth)
    if bond.referrer_id is None or came is None:
        return [without_rule("not_referred", facts, bond=bond.number)]
    if is_again:
        return [] if bond.kind == "move" else [without_rule("already_signed_up", facts, bond=bond.number)]
    details = conversion.details or {}
    told = replace(facts, details=details, origin=came.origin, signed_up_at=came.signed_up_at)
    asker = _asker(bond, bond.referrer_id, conversion)
    versions = [
        version
        for version in rules.live_at(conversion.occurred_at)
        if version.definition.trigger == conversion.type
        and (bond.kind == "assign" or version.definition.beneficiary == "referrer")
    ]
    decisions = ask(session, asker, versions, told)
    if not decisions and bond.kind == "assign":
        return [without_rule("no_rule", facts, bond=bond.number)]
    return decisions


def _with_groups(
    session: Session, bond: Bond, rules: RuleSet, conversion: Conversion, decisions: Sequence[Decided]
) -> tuple[list[Decided], list[Decided]]:
    """Let what a move decides anew share its groups with the friend's own rules, of which nothing else is asked again.

    Returns what is decided of the new referrer's, and what comes out otherwise of the friend's own.
    """
    groups = {one.version.definition.exclusive for one in decisions if one.version} - {None}
    if bond.kind != "move" or bond.referrer_id is None or not groups:
        return list(decisions), []
    own = {
        one.version.rule_id: one
        for one in decisions_of(session, conversion.id)
        if one.version and one.side == "friend" and one.version.definition.exclusive in groups
    }
    if not own:
        return list(decisions), []
    asker = _asker(bond, bond.referrer_id, conversion)
    age = {versions[0].rule_id: number for number, versions in enumerate(rules.rules)}
    both = sorted((*decisions, *own.values()), key=lambda one: age[one.version.rule_id] if one.version else 0)
    asked = [Asked(one.version, one.facts, one.beneficiary_id, one.bond) for one in both if one.version]
    asked = [
        replace(one, facts=facts_with_used(session, asker, one.version, one.facts, conversion_id=conversion.id))
        if said.amount is not None and (before := own.get(one.version.rule_id)) and before.amount is None
        else one
        for one, said in zip(asked, answer(asked), strict=True)
    ]
    new: list[Decided] = []
    changed: list[Decided] = []
    for said in answer(with_group_quotes(session, asker.program_id, asked, told_at=asker.told_at)):
        before = own.get(said.version.rule_id) if said.version else None
        if before is None:
            new.append(said)
        elif outcome_of(said) != outcome_of(before):
            changed.append(said)
    return new, changed


def _asker(bond: Bond, referrer_id: UUID, conversion: Conversion) -> Asker:
    return Asker(
        bond.program.id,
        bond.program.time_zone,
        friend_id=bond.friend_id,
        referrer_id=referrer_id,
        bond=bond.number,
        tie=conversion.tie_break,
        told_at=conversion.recorded_at,
    )


def _append(session: Session, conversion_id: UUID, decisions: Sequence[Decided], *, now: datetime) -> None:
    newest = select(func.max(RewardDecision.sequence)).where(RewardDecision.conversion_id == conversion_id)
    append_decisions(session, conversion_id, decisions, after=session.scalar(newest) or 0, now=now)


def _grant(session: Session, bond: Bond, conversion: Conversion, decisions: Sequence[Decided]) -> list[RewardRow]:
    """Grant what the decisions say. Returns the rewards."""
    doubts = doubts_about(session, bond.friend_id, bond.number)
    grants = [
        Grant(
            conversion_id=conversion.id,
            event_id=conversion.event_id,
            version=decided.version,
            beneficiary_id=decided.beneficiary_id,
            amount=decided.amount,
            occurred_at=conversion.occurred_at,
            hold_days=decided.version.definition.hold_days_within(bond.program.hold_days),
            bond=bond.number,
            doubt=why_held(session, doubts, decided, friend_id=bond.friend_id, time_zone=bond.program.time_zone),
        )
        for decided in decisions
        if decided.version and decided.beneficiary_id and decided.amount
    ]
    zone = bond.program.time_zone
    return grant_rewards(session, bond.program.id, grants, time_zone=zone, actor=bond.actor, now=bond.now)
