"""What `ledger verify` asks about rewards that depend on how many friends count: all is counted again from below."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, and_, func, select
from sqlalchemy.orm import Session

from webapp.domain.periods import Window, window_of
from webapp.domain.refunds import is_refunded_whole, still_earned
from webapp.domain.registry import Counting, counting_of
from webapp.models import Conversion, Program, QualifiedFriend, Referral, Reward, RewardDecision, RewardEvent
from webapp.queries.bonuses import Bonuses, bonus_step, bonuses_of
from webapp.queries.conversions import Decided, decisions_of_many
from webapp.queries.friend_counts import Place, Standing, conversions_asked, counts
from webapp.queries.rules import Version, read_rule_set


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept about one conversion under one rule."""

    friend_id: UUID
    referrer_id: UUID
    standing: Standing
    decided: Decided


def _counted(session: Session) -> Iterator[str]:
    for program in session.scalars(select(Program).order_by(Program.id)):
        for versions in read_rule_set(session, program.id).rules:
            if any(counting_of(version.definition.settings) for version in versions):
                yield from _of_rule(session, program.time_zone, versions)


def _of_rule(session: Session, time_zone: str, versions: Sequence[Version]) -> Iterator[str]:
    rule_id = versions[0].rule_id
    told = _told(session, rule_id)
    first: dict[UUID, _Told] = {}
    for one in told:
        if one.friend_id not in first and counts(one.decided, one.standing):
            first[one.friend_id] = one
    rows = session.scalars(select(QualifiedFriend).where(QualifiedFriend.rule_id == rule_id)).all()
    written = {row.friend_id: row.conversion_id for row in rows}
    for friend_id in sorted({*first, *written}, key=str):
        by = first[friend_id].standing.id if friend_id in first else None
        if written.get(friend_id) != by:
            yield (
                f"friend {friend_id}: by conversion {written.get(friend_id)} they count under rule {rule_id},"
                f" and it should be {by}"
            )
    for row in rows:
        true = first.get(row.friend_id)
        if true is None or true.standing.id != row.conversion_id:
            continue
        if (row.referrer_id, Place(row.occurred_at, row.tie)) != (true.referrer_id, true.standing.place):
            yield f"friend {row.friend_id}: under rule {rule_id} they count for somebody else, or at another moment"
    places: dict[UUID, list[Place]] = defaultdict(list)
    for one in first.values():
        places[one.referrer_id].append(one.standing.place)
    kept = _kept(session, rule_id)
    for one in told:
        own = first[one.friend_id].standing.place if one.friend_id in first else None
        yield from _of_conversion(one, rule_id, time_zone, places[one.referrer_id], own, kept)
    for bonuses in bonuses_of(versions):
        yield from _of_bonuses(bonuses, rule_id, time_zone, told, list(first.values()))


def _of_bonuses(
    bonuses: Bonuses, rule_id: UUID, time_zone: str, told: Sequence[_Told], counting: Sequence[_Told]
) -> Iterator[str]:
    """Compare by what these bonuses are brought with those who make the numbers, each once."""
    friends: dict[tuple[UUID, Window], list[_Told]] = defaultdict(list)
    for one in sorted(counting, key=lambda one: (one.standing.place, one.friend_id)):
        window = window_of(bonuses.counting.period, one.standing.place.at, time_zone)
        friends[one.referrer_id, window].append(one)
    held: dict[tuple[UUID, Window, int], UUID] = {}
    for one in told:
        step, id_ = bonus_step(one.decided), one.standing.id
        if step is None or not _is_of(one, bonuses):
            continue
        window = window_of(bonuses.counting.period, one.standing.place.at, time_zone)
        here = friends[one.referrer_id, window]
        if step > len(here):
            yield f"conversion {id_}: it has the bonus of {step} friends, and {len(here)} count"
        elif not _is_of(here[step - 1], bonuses) or (bonuses.shares_group and here[step - 1] is not one):
            yield f"conversion {id_}: it has the bonus of {step} friends, and who makes them has another one"
        if held.setdefault((one.referrer_id, window, step), id_) != id_:
            yield f"conversion {id_}: another one has the bonus of {step} friends too"
    for (referrer_id, window), here in friends.items():
        for step in bonuses.counting.steps:
            is_due = step <= len(here) and _is_of(here[step - 1], bonuses)
            if is_due and (referrer_id, window, step) not in held:
                by = here[step - 1].standing.id
                yield f"conversion {by}: nobody has the bonus of {step} friends under rule {rule_id}"


def _is_of(one: _Told, bonuses: Bonuses) -> bool:
    return one.decided.version is not None and one.decided.version.id in bonuses.versions


def _of_conversion(
    one: _Told, rule_id: UUID, time_zone: str, places: Sequence[Place], own: Place | None, kept: dict[UUID, int]
) -> Iterator[str]:
    """Price one conversion with the friends who count, and compare what is kept of its rewards."""
    id_, version, facts = one.standing.id, one.decided.version, one.decided.facts
    counting = counting_of(version.definition.settings) if version else None
    if version is None or counting is None or facts.friends is None:
        return
    standing = one.standing
    is_gone = is_refunded_whole(standing.amount_minor, standing.refunded_minor, standing.refunds)
    if counting.of != "reached" and version.definition.qualifies(facts) and not is_gone:
        friends = _friends(counting, standing.place, places, own, time_zone)
        told, true = (
            version.definition.settings.reward(replace(facts, friends=one)) for one in (facts.friends, friends)
        )
        if (told.code, getattr(told, "amount", None)) != (true.code, getattr(true, "amount", None)):
            yield f"conversion {id_}: rule {rule_id} priced it with {facts.friends} friends, and {friends} count"
    if id_ not in kept:
        return
    rule, amount = version.definition, one.decided.amount
    left = (one.standing.amount_minor or 0) - one.standing.refunded_minor
    earned = still_earned(
        amount.minor if amount else 0,
        proportional=rule.settings.proportional,
        amount_minor=one.standing.amount_minor,
        refunded_minor=one.standing.refunded_minor,
        refunds=one.standing.refunds,
        is_met=not one.standing.refunded_minor or rule.is_met_after_refunds(facts, left),
    )
    if kept[id_] != earned:
        yield f"conversion {id_}: {kept[id_]} are kept of rule {rule_id}, and {earned} are earned"


def _friends(counting: Counting, place: Place, places: Sequence[Place], own: Place | None, time_zone: str) -> int:
    """Return with how many friends a share is priced: whoever pays is one of them, also when they do not count."""
    window = window_of(counting.period, place.at, time_zone)
    here = [one for one in places if window.contains(one.at) and (counting.of == "period" or one <= place)]
    is_counted = own is not None and (own <= place or (counting.of == "period" and window.contains(own.at)))
    return len(here) + (not is_counted)


def _told(session: Session, rule_id: UUID) -> list[_Told]:
    """Return all about which a rule was asked, for the bonds of today, in the order in which it happened."""
    asked = conversions_asked(session, rule_id)
    about = {one.id: one for one in asked}
    bonds = {
        id_: (friend_id, referrer_id, bond)
        for id_, friend_id, referrer_id, bond in session.execute(
            select(Conversion.id, Referral.friend_id, Referral.referrer_id, Referral.bond)
            .join(Referral, and_(Referral.id == Conversion.referral_id, Referral.friend_id == Conversion.user_id))
            .where(Conversion.id.in_(select(RewardDecision.conversion_id)))
        )
        if id_ in about
    }
    decisions = decisions_of_many(session, list(bonds), rule_id=rule_id)
    return [
        _Told(bonds[one.id][0], bonds[one.id][1], one, decided)
        for one in asked
        for decided in decisions.get(one.id, [])
        if decided.version is not None and decided.version.rule_id == rule_id and decided.bond == bonds[one.id][2]
    ]


def _kept(session: Session, rule_id: UUID) -> dict[UUID, int]:
    """Return what is kept by right of the rewards of a rule for each conversion of which none was rejected.

    What was written off is not kept by right: nobody asks for it, and it was not earned.
    """
    taken = (
        select(RewardEvent.reward_id.label("reward_id"), func.sum(RewardEvent.taken_minor).label("minor"))
        .where(RewardEvent.taken_as != "write_off")
        .group_by(RewardEvent.reward_id)
        .subquery()
    )
    rows = session.execute(
        select(Reward.conversion_id, Reward.status, Reward.amount_minor - func.coalesce(taken.c.minor, 0))
        .outerjoin(taken, taken.c.reward_id == Reward.id)
        .where(Reward.rule_id == rule_id, Reward.ended_bond.is_(None))
    ).all()
    rejected = {id_ for id_, status, _minor in rows if status == "rejected"}
    kept: dict[UUID, int] = defaultdict(int)
    for id_, _status, minor in rows:
        if id_ not in rejected:
            kept[id_] += int(minor)
    return kept


@cache
def _numbers_asked() -> Executable:
    key = (Reward.conversion_id, Reward.rule_id, Reward.beneficiary_id, Reward.side, Reward.bond)
    query = select(*key, func.count(), func.max(Reward.correction)).group_by(*key)
    return query.having(func.count() != func.max(Reward.correction) + 1)


def _numbers(session: Session) -> Iterator[str]:
    """Corrections without the reward that they correct, or with a gap between them."""
    for row in session.execute(_numbers_asked()):
        yield f"conversion {row[0]}: rule {row[1]} has {row[5]} rewards up to correction {row[6]}"


CHECKS = (_counted, _numbers)
