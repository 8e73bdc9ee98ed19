"""What each rule granted and what was withdrawn, by day, from the roll-ups; and which rules were published when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.chosen_period import Period
from webapp.domain.periods import local_day
from webapp.models import RewardRule, RewardRuleVersion, RuleDay


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in one form and currency: how many rewards, and amounts in minor units. `by_day` is what was granted."""

    rule_id: UUID
    key: str
    name: str
    currency: str
    kind: str
    rewards: int
    granted: int
    withdrawn: int
    by_day: Mapping[date, int]

    @property
    def cost(self) -> int:
        """What was granted less what was withdrawn."""
        return self.granted - self.withdrawn


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A version of a rule that began on this day."""

    day: date
    rule_name: str
    number: int
    state: str


def list_rules(session: Session, program_id: UUID, period: Period) -> list[RuleRow]:
    """Return rules that granted or withdrew anything in the period: money first, and those that granted the most."""
    found: dict[tuple[UUID, str, str], list[tuple[date, int, int, int]]] = {}
    rows = session.execute(
        select(
            RuleDay.rule_id,
            RuleDay.currency,
            RuleDay.kind,
            RuleDay.day,
            RuleDay.rewards,
            RuleDay.granted_minor,
            RuleDay.withdrawn_minor,
        )
        .where(RuleDay.program_id == program_id, RuleDay.day.between(period.first, period.last))
        .order_by(RuleDay.day)
    )
    for rule_id, currency, kind, *of_day in rows:
        found.setdefault((rule_id, currency, kind), []).append(tuple(of_day))  # type: ignore[arg-type]
    named = _names(session, {rule_id for rule_id, _currency, _kind in found})
    listed = [
        RuleRow(
            rule_id,
            *named[rule_id],
            currency,
            kind,
            rewards=sum(rewards for _day, rewards, _granted, _withdrawn in days),
            granted=sum(granted for _day, _rewards, granted, _withdrawn in days),
            withdrawn=sum(withdrawn for _day, _rewards, _granted, withdrawn in days),
            by_day={day: granted for day, _rewards, granted, _withdrawn in days},
        )
        for (rule_id, currency, kind), days in found.items()
    ]
    return sorted(listed, key=lambda row: (row.kind != "cash", -row.granted, row.key, row.currency, row.kind))


def list_changes(session: Session, program_id: UUID, period: Period, *, time_zone: str) -> list[RuleChange]:
    """Return the versions of rules that began in the period, the latest first."""
    rows = session.execute(
        select(RewardRuleVersion.live_from, RewardRuleVersion.number, RewardRuleVersion.state, _NAME)
        # A day more at both ends: which day a moment belongs to depends on the program's time zone.
        .where(
            RewardRuleVersion.program_id == program_id,
            RewardRuleVersion.live_from.between(_midnight(period.first, -1), _midnight(period.last, 2)),
        )
        .order_by(RewardRuleVersion.live_from.desc(), RewardRuleVersion.id)
    )
    changes = [RuleChange(local_day(at, time_zone), name, number, state) for at, number, state, name in rows]
    return [change for change in changes if period.first <= change.day <= period.last]


# What the version itself says; rules keep no name beside it.
_NAME = RewardRuleVersion.definition["name"].as_string()


def _names(session: Session, rule_ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return key and newest name of rules."""
    newest = (
        select(RewardRuleVersion.rule_id, func.max(RewardRuleVersion.number).label("number"))
        .where(RewardRuleVersion.rule_id.in_(rule_ids))
        .group_by(RewardRuleVersion.rule_id)
        .subquery()
    )
    rows = session.execute(
        select(RewardRule.id, RewardRule.key, _NAME)
        .join(newest, newest.c.rule_id == RewardRule.id)
        .join(
            RewardRuleVersion,
            (RewardRuleVersion.rule_id == RewardRule.id) & (RewardRuleVersion.number == newest.c.number),
        )
    )
    return {rule_id: (key, name) for rule_id, key, name in rows}


def _midnight(day: date, days_later: int) -> datetime:
    return datetime.combine(day + timedelta(days=days_later), time(), UTC)
