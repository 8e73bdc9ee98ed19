"""What a replay is compared with: what the books say that rules granted, less what refunds took."""

from collections import defaultdict
from collections.abc import Generator
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.refunds import still_earned
from webapp.domain.replaying.told import Replayed
from webapp.domain.rules import RuleDefinition
from webapp.models import Conversion, Program, Reward, RewardEvent, RewardRule
from webapp.queries.conversions import decisions_of, refunds_of
from webapp.queries.replays import Progress, replay_rules
from webapp.queries.rules import Version, find_versions

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def replay(
    session: Session,
    program: Program,
    *draft: RuleDefinition,
    since: datetime = EVER[0],
    until: datetime = EVER[1],
) -> Replayed:
    """Try a draft on the program's past; without one, the rules as they were."""
    return finish(replay_rules(session, program, draft, since=since, until=until))


def finish(trying: Generator[Progress, None, Replayed]) -> Replayed:
    """Run a replay to its end."""
    while True:
        try:
            next(trying)
        except StopIteration as end:
            return end.value


def by_rule(replayed: Replayed, side: str = "paid") -> dict[tuple[str, str], int]:
    """Return what each rule pays in each currency; what pays nothing stays out."""
    sums = {(one.key, one.pair.currency): getattr(one.pair, side) for one in replayed.rules}
    return {key: minor for key, minor in sums.items() if minor}


def granted_less_refunds(session: Session) -> dict[tuple[str, str], int]:
    """Return what each rule granted in each currency, less what refunds and fewer friends took, from the rewards.

    A write-off forgives what is owed, and changes nothing of what was earned.

    What a person rejected is what the rule granted all the same; of it no refund took anything, but would have.
    """
    sums: dict[tuple[str, str], int] = defaultdict(int)
    taken = (
        select(func.coalesce(func.sum(RewardEvent.taken_minor), 0))
        .where(
            RewardEvent.reward_id == Reward.id,
            or_(RewardEvent.refund_id.is_not(None), RewardEvent.reason == "recounted"),
            func.coalesce(RewardEvent.taken_as, "") != "write_off",
        )
        .correlate(Reward)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Reward, RewardRule.key, taken)
        .join(RewardRule, RewardRule.id == Reward.rule_id)
        .where(Reward.ended_bond.is_(None))
    ).all()
    versions = find_versions(session, [reward.rule_version_id for reward, _key, _taken in rows])
    for reward, key, minor in rows:
        kept = reward.amount_minor - int(minor)
        if reward.status == "rejected":
            version = versions[reward.rule_version_id]
            kept = min(kept, _still_earned(session, reward, version))
        sums[key, reward.currency] += kept
    return {key: minor for key, minor in sums.items() if minor}


def _still_earned(session: Session, reward: Reward, version: Version) -> int:
    conversion = session.get_one(Conversion, reward.conversion_id)
    refunded, refunds = refunds_of(session, conversion.id)
    facts = next(one.facts for one in decisions_of(session, conversion.id) if one.version == version)
    return still_earned(
        reward.amount_minor,
        proportional=version.definition.settings.proportional,
        amount_minor=conversion.amount_minor,
        refunded_minor=refunded,
        refunds=refunds,
        is_met=version.definition.is_met_after_refunds(facts, (conversion.amount_minor or 0) - refunded),
    )
