"""Reward rules: which version was live when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from webapp.domain.limits import Scope
from webapp.domain.money import Money
from webapp.domain.registry import counting_of
from webapp.domain.rules import RuleDefinition, from_stored
from webapp.models import RewardRule, RewardRuleVersion, RuleDay, User

State = Literal["live", "paused", "ended"]

# Versions never change, so what was read of them stays right. Bounded all the same.
MOST_IN_MEMORY = 5_000


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a rule."""

    id: UUID
    rule_id: UUID
    number: int
    state: State
    live_from: datetime
    definition: RuleDefinition


@dataclass(frozen=True, slots=True)
class Limited:
    """A rule whose answer depends on what else was rewarded, by some version.

    `scopes` are those of all its limits, `counts` says whether it counts
    friends, and `triggers` are those of all versions.
    """

    rule_id: UUID
    scopes: frozenset[Scope]
    counts: bool
    triggers: frozenset[str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every version of every rule of a program: the rules by age, the versions of each by number."""

    rules: tuple[tuple[Version, ...], ...]
    limited: tuple[Limited, ...] = ()

    def as_of(self, moment: datetime) -> list[Version]:
        """Return the version of each rule that held at a moment, whatever its state; a version begins with its own."""
        newest = (
            next((version for version in reversed(versions) if version.live_from <= moment), None)
            for versions in self.rules
        )
        return [version for version in newest if version is not None]

    def live_at(self, moment: datetime) -> list[Version]:
        """Return the version of each rule that was live at a moment."""
        return [version for version in self.as_of(moment) if version.state == "live"]

    def live(self) -> list[Version]:
        """Return the newest version of each rule that pays now: neither a paused one nor one that ended."""
        return [version for version in self.latest() if version.state == "live"]

    def latest(self) -> list[Version]:
        """Return the newest version of each rule, ended ones too."""
        return [versions[-1] for versions in self.rules]

    def of_rule(self, rule_id: UUID) -> tuple[Version, ...]:
        """Return the versions of one rule by number; none when the program has no such rule."""
        return next((versions for versions in self.rules if versions[0].rule_id == rule_id), ())


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
        _sets[revision] = newest_rule_set(session, program_id)
    return _sets[revision]


def newest_rule_set(session: Session, program_id: UUID) -> RuleSet:
    """Ask for the rules of a program; what is in a version is read once, since most of them were there before."""
    return _read(session, program_id, _versions)


def read_rule_set(session: Session, program_id: UUID) -> RuleSet:
    """Read the rules of a program, past the memory."""
    return _read(session, program_id, {})


def _read(session: Session, program_id: UUID, known: Mapping[UUID, Version]) -> RuleSet:
    rules: dict[UUID, list[Version]] = {}
    for row in session.execute(_OF_PROGRAM, {"program_id": program_id}):
        version = known.get(row.id) or _version(row)
        rules.setdefault(version.rule_id, []).append(version)
    _remember(version for versions in rules.values() for version in versions)
    return RuleSet(
        tuple(tuple(versions) for versions in rules.values()),
        tuple(limited for versions in rules.values() if (limited := _limited(versions))),
    )


def _limited(versions: list[Version]) -> Limited | None:
    limits = [version.definition.limits for version in versions if version.definition.limits]
    scopes = frozenset(limit.scope for one in limits for limit in one.each)
    counts = any(counting_of(version.definition.settings) for version in versions)
    triggers = frozenset(version.definition.trigger for version in versions)
    return Limited(versions[0].rule_id, scopes, counts, triggers) if scopes or counts else None


@dataclass(frozen=True, slots=True)
class Publishing:
    """Who published a version and why. `by_name` is None for the command line, `by_id` then too."""

    number: int
    note: str
    by_id: UUID | None
    by_name: str | None


def publishings_of(session: Session, program_id: UUID, rule_id: UUID) -> dict[int, Publishing]:
    """Return who published each version of a rule, by its number."""
    rows = session.execute(
        select(RewardRuleVersion.number, RewardRuleVersion.note, RewardRuleVersion.published_by, User.name)
        .outerjoin(User, User.id == RewardRuleVersion.published_by)
        .where(RewardRuleVersion.program_id == program_id, RewardRuleVersion.rule_id == rule_id)
    )
    return {row.number: Publishing(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Paid:
    """What a rule granted in a while in one form and currency, and how much of it was withdrawn in that while."""

    rewards: int
    granted: Money
    withdrawn: Money
    kind: str = "cash"


def paid_by_rules(session: Session, program_id: UUID, since: date) -> dict[UUID, list[Paid]]:
    """Return what each rule granted from the day `since` on, by form and currency, from the roll-ups."""
    rows = session.execute(
        select(
            RuleDay.rule_id,
            RuleDay.currency,
            RuleDay.kind,
            func.sum(RuleDay.rewards).label("rewards"),
            func.sum(RuleDay.granted_minor).label("granted"),
            func.sum(RuleDay.withdrawn_minor).label("withdrawn"),
        )
        .where(RuleDay.program_id == program_id, RuleDay.day >= since)
        .group_by(RuleDay.rule_id, RuleDay.currency, RuleDay.kind)
        .order_by(RuleDay.kind, RuleDay.currency)
    )
    paid: dict[UUID, list[Paid]] = {}
    for row in rows:
        granted, withdrawn = (Money(int(minor), row.currency) for minor in (row.granted, row.withdrawn))
        paid.setdefault(row.rule_id, []).append(Paid(int(row.rewards), granted, withdrawn, row.kind))
    return paid


def find_rule_id(session: Session, program_id: UUID, key: str) -> UUID | None:
    """Return the id of the program's rule with a key."""
    return session.scalar(select(RewardRule.id).where(RewardRule.program_id == program_id, RewardRule.key == key))


def find_versions(session: Session, ids: Iterable[UUID]) -> dict[UUID, Version]:
    """Return versions by their ids."""
    wanted = set(ids)
    found = {version_id: _versions[version_id] for version_id in wanted & _versions.keys()}
    if missing := wanted - found.keys():
        rows = session.execute(select(*_COLUMNS).where(RewardRuleVersion.id.in_(missing)))
        read = [_version(row) for row in rows]
        _remember(read)
        found |= {version.id: version for version in read}
    return found


def _remember(versions: Iterable[Version]) -> None:
    if len(_versions) >= MOST_IN_MEMORY:
        _versions.clear()
    _versions.update({version.id: version for version in versions})


_COLUMNS = (
    RewardRuleVersion.id,
    RewardRuleVersion.rule_id,
    RewardRuleVersion.number,
    RewardRuleVersion.state,
    RewardRuleVersion.live_from,
    RewardRuleVersion.definition,
)


# Built once: building it costs more than running it.
_OF_PROGRAM = (
    select(*_COLUMNS)
    .join(RewardRule, RewardRule.id == RewardRuleVersion.rule_id)
    .where(RewardRuleVersion.program_id == bindparam("program_id", type_=RewardRuleVersion.program_id.type))
    .order_by(RewardRule.created_at, RewardRule.id, RewardRuleVersion.number)
)


def _version(row: Row[Any]) -> Version:
    return Version(row.id, row.rule_id, row.number, row.state, row.live_from, from_stored(row.definition))
