"""Reward rules: which version was live when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from webapp.domain.limits import Scope
from webapp.domain.rules import RuleDefinition, from_stored
from webapp.models import RewardRule, RewardRuleVersion

# Versions never change, so what was read of them stays right. Bounded all the same.
MOST_IN_MEMORY = 5_000


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a rule."""

    id: UUID
    rule_id: UUID
    number: int
    state: str
    live_from: datetime
    definition: RuleDefinition


@dataclass(frozen=True, slots=True)
class Limited:
    """A rule of which some version has limits: the scopes of all of them, and all of its triggers."""

    rule_id: UUID
    scopes: frozenset[Scope]
    triggers: frozenset[str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every version of every rule of a program: the rules by age, the versions of each by number."""

    rules: tuple[tuple[Version, ...], ...]
    limited: tuple[Limited, ...] = ()

    def live_at(self, moment: datetime) -> list[Version]:
        """Return the version of each rule that was live at a moment; a version begins with its own."""
        newest = (
            next((version for version in reversed(versions) if version.live_from <= moment), None)
            for versions in self.rules
        )
        return [version for version in newest if version is not None and version.state == "live"]

    def live(self) -> list[Version]:
        """Return the newest version of each rule that has not ended."""
        return [version for version in self.latest() if version.state == "live"]

    def latest(self) -> list[Version]:
        """Return the newest version of each rule, ended ones too."""
        return [versions[-1] for versions in self.rules]


NO_RULES = RuleSet(())
_sets: dict[UUID, RuleSet] = {}
_versions: dict[UUID, Version] = {}


def rule_set(session: Session, program_id: UUID, revision: UUID | None) -> RuleSet:
    """Return the rules of a program as of `programs.rules_revision`, from memory when they were read before."""
    if revision is None:
        return NO_RULES
    if revision not in _sets:
        if len(_sets) >= MOST_IN_MEMORY:
            _sets.clear()
        _sets[revision] = read_rule_set(session, program_id)
    return _sets[revision]


def read_rule_set(session: Session, program_id: UUID) -> RuleSet:
    """Read the rules of a program, past the memory."""
    rows = session.execute(
        select(*_COLUMNS)
        .join(RewardRule, RewardRule.id == RewardRuleVersion.rule_id)
        .where(RewardRuleVersion.program_id == program_id)
        .order_by(RewardRule.created_at, RewardRule.id, RewardRuleVersion.number)
    )
    rules: dict[UUID, list[Version]] = {}
    for row in rows:
        version = _version(row)
        rules.setdefault(version.rule_id, []).append(version)
    return RuleSet(
        tuple(tuple(versions) for versions in rules.values()),
        tuple(limited for versions in rules.values() if (limited := _limited(versions))),
    )


def _limited(versions: list[Version]) -> Limited | None:
    limits = [version.definition.limits for version in versions if version.definition.limits]
    scopes = frozenset(limit.scope for one in limits for limit in one.each)
    triggers = frozenset(version.definition.trigger for version in versions)
    return Limited(versions[0].rule_id, scopes, triggers) if scopes else None


def find_versions(session: Session, ids: Iterable[UUID]) -> dict[UUID, Version]:
    """Return versions by their ids."""
    wanted = set(ids)
    missing = wanted - _versions.keys()
    if missing:
        if len(_versions) >= MOST_IN_MEMORY:
            _versions.clear()
            missing = wanted
        rows = session.execute(select(*_COLUMNS).where(RewardRuleVersion.id.in_(missing)))
        _versions.update({row.id: _version(row) for row in rows})
    return {version_id: _versions[version_id] for version_id in wanted}


_COLUMNS = (
    RewardRuleVersion.id,
    RewardRuleVersion.rule_id,
    RewardRuleVersion.number,
    RewardRuleVersion.state,
    RewardRuleVersion.live_from,
    RewardRuleVersion.definition,
)


def _version(row: Row[Any]) -> Version:
    return Version(row.id, row.rule_id, row.number, row.state, row.live_from, from_stored(row.definition))
