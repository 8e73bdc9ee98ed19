"""Which bonuses a rule promises for numbers of friends, and by what they come.

A number of friends has the bonus of the version that was live for the friend
who makes it: so what a referrer has in all follows from who counts, and from
nothing else. It stands with some event of theirs for which the same bonuses
were promised, not always with that of the friend who makes the number.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from webapp.domain.periods import Window
from webapp.domain.registry import Counting, counting_of
from webapp.models import Conversion, Referral, Reward, RewardDecision
from webapp.queries.conversions import Decided, decisions_of_many
from webapp.queries.friend_counts import Place, counts, standing_of, within
from webapp.queries.rules import Version

# What is said where a number of friends has no bonus, so that only few decisions have to be read.
_WITHOUT = ("between_steps", "not_one_more")


@dataclass(frozen=True, slots=True)
class Bonuses:
    """Bonuses that some versions of a rule promise alike, by their ids, and how friends are counted for them.

    `is_only` says that no version promises anything else. Those that share a
    group are compared on the event that brings them, so that it has to be that
    of the friend who makes the number.
    """

    counting: Counting
    versions: frozenset[UUID]
    is_only: bool
    shares_group: bool


def promised(version: Version) -> object:
    """Return what bonuses a version promises: equal for those that promise the same, None for a rule of no bonuses."""
    rule = version.definition
    counting = counting_of(rule.settings)
    if counting is None or counting.of != "reached":
        return None
    return rule.settings, rule.reward, rule.limits, rule.exclusive


def bonuses_of(versions: Sequence[Version]) -> list[Bonuses]:
    """Return the bonuses that the versions of a rule promise."""
    alike: dict[object, list[Version]] = {}
    for version in versions:
        alike.setdefault(promised(version), []).append(version)
    return [
        Bonuses(
            counting,
            frozenset(one.id for one in same),
            is_only=len(alike) == 1,
            shares_group=same[0].definition.exclusive is not None,
        )
        for promise, same in alike.items()
        if promise is not None and (counting := counting_of(same[0].definition.settings)) is not None
    ]


def bonus_step(decided: Decided) -> int | None:
    """Return of how many friends a decision says that it brings the bonus, paid or not; None when of none."""
    if decided.version is None or promised(decided.version) is None:
        return None
    rule, facts = decided.version.definition, decided.facts
    counting = counting_of(rule.settings)
    if counting is None or not facts.is_new_friend or facts.friends not in counting.steps:
        return None
    return facts.friends if rule.qualifies(facts) else None


@dataclass(frozen=True, slots=True)
class Bearer:
    """What brings the bonus of a number of friends. `counts` says whether a friend could count by it."""

    step: int
    conversion_id: UUID
    friend_id: UUID
    place: Place
    counts: bool


def bearers(session: Session, referrer_id: UUID, bonuses: Bonuses, window: Window) -> list[Bearer]:
    """Return by what the friends of a referrer bring these bonuses within a window, in the order of their events."""
    rows = session.execute(
        select(Conversion.id, Referral.friend_id, Referral.bond)
        .join(Referral, and_(Referral.id == Conversion.referral_id, Referral.friend_id == Conversion.user_id))
        .join(RewardDecision, RewardDecision.conversion_id == Conversion.id)
        .where(
            Referral.referrer_id == referrer_id,
            RewardDecision.rule_version_id.in_(bonuses.versions),
            RewardDecision.code.not_in(_WITHOUT),
            within(Conversion.occurred_at, window),
        )
        .distinct()
    ).all()
    if not rows:
        return []
    standing = {one.id: one for one in standing_of(session, [row.id for row in rows])}
    decisions = decisions_of_many(session, list(standing))
    found = [
        Bearer(step, row.id, row.friend_id, standing[row.id].place, counts(decided, standing[row.id]))
        for row in rows
        for decided in decisions.get(row.id, [])
        if _is_of(decided, bonuses) and decided.bond == row.bond and (step := bonus_step(decided))
    ]
    return sorted(found, key=lambda one: (one.place, one.conversion_id))


def those_promised(session: Session, bonuses: Bonuses, conversion_ids: Collection[UUID]) -> set[UUID]:
    """Return for which of these conversions, by which friends count, the rule promised these bonuses."""
    if bonuses.is_only or not conversion_ids:
        return set(conversion_ids)
    decisions = decisions_of_many(session, list(conversion_ids))
    return {id_ for id_, decided in decisions.items() if any(_is_of(one, bonuses) for one in decided)}


def rejected_among(session: Session, rule_id: UUID, conversion_ids: Collection[UUID]) -> set[UUID]:
    """Return for which of these conversions a person rejected what a rule gave, in the bond that holds."""
    if not conversion_ids:
        return set()
    rows = session.scalars(
        select(Reward.conversion_id).where(
            Reward.conversion_id.in_(conversion_ids),
            Reward.rule_id == rule_id,
            Reward.status == "rejected",
            Reward.ended_bond.is_(None),
        )
    )
    return set(rows)


def _is_of(decided: Decided, bonuses: Bonuses) -> bool:
    return decided.version is not None and decided.version.id in bonuses.versions
