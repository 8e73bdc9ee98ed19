"""What happened in a program, or through one link or referrer of it, day by day, from the roll-ups."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.chosen_period import Period
from webapp.models import Link, LinkDay, LinkRevenueDay, ProgramDay, ProgramRevenueDay, RuleDay, User


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures are wanted: a whole program's, or only those of one link, or of what one referrer shares."""

    program_id: UUID
    link_id: UUID | None = None
    referrer_id: UUID | None = None

    @property
    def is_whole(self) -> bool:
        return self.link_id is None and self.referrer_id is None


@dataclass(frozen=True, slots=True)
class ScopeNames:
    """What a scope is called: the referrer, and the link's code and label when it is one link."""

    referrer_name: str
    code: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened. `buyers` and `repeat_buyers` are of the friends who joined then: who has bought since."""

    clicks: int = 0
    visitors: int = 0
    signups: int = 0
    purchases: int = 0
    buyers: int = 0
    repeat_buyers: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))


COUNTED = tuple(Counts.__dataclass_fields__)
NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Amounts:
    """Money of one currency, in minor units: paid and sent back by friends, granted and withdrawn by rules."""

    paid: int = 0
    refunded: int = 0
    granted: int = 0
    withdrawn: int = 0

    @property
    def revenue(self) -> int:
        """What was paid less what went back."""
        return self.paid - self.refunded

    @property
    def cost(self) -> int:
        """What was granted less what was withdrawn."""
        return self.granted - self.withdrawn

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.paid + other.paid,
            self.refunded + other.refunded,
            self.granted + other.granted,
            self.withdrawn + other.withdrawn,
        )


NO_AMOUNTS = Amounts()


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day; zeros when nothing happened. A currency without anything is left out of `amounts`."""

    day: date
    counts: Counts = NO_COUNTS
    amounts: Mapping[str, Amounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """Every day of a period, the earliest first, and their sums."""

    period: Period
    days: tuple[DayRow, ...]

    @property
    def counts(self) -> Counts:
        return reduce(Counts.__add__, (row.counts for row in self.days), NO_COUNTS)

    @property
    def amounts(self) -> dict[str, Amounts]:
        return sums_by_currency(row.amounts for row in self.days)

    @property
    def is_empty(self) -> bool:
        return all(row.counts == NO_COUNTS and not row.amounts for row in self.days)


def sums_by_currency(parts: Iterable[Mapping[str, Amounts]]) -> dict[str, Amounts]:
    """Add amounts up, each currency for itself."""
    sums: dict[str, Amounts] = {}
    for part in parts:
        for currency, amounts in part.items():
            sums[currency] = sums.get(currency, NO_AMOUNTS) + amounts
    return sums


def in_order(currencies: Iterable[str], first: str) -> list[str]:
    """Return the program's currency `first`, whether it is there or not, then the others by name."""
    return [first, *sorted(set(currencies) - {first})]


def find_scope(session: Session, scope: Scope) -> ScopeNames | None:
    """Return what the scope is called; None when the program has no such link or referrer."""
    if scope.link_id is not None:
        row = session.execute(
            select(User.name, Link.code, Link.label)
            .join(User, User.id == Link.referrer_id)
            .where(Link.id == scope.link_id, Link.program_id == scope.program_id)
        ).one_or_none()
        return ScopeNames(row.name, row.code, row.label) if row else None
    name = session.scalar(select(User.name).where(User.id == scope.referrer_id, User.program_id == scope.program_id))
    return ScopeNames(name) if name is not None else None


def has_days(session: Session, program_id: UUID) -> bool:
    """Say whether anything was ever counted in the program."""
    return session.scalar(select(ProgramDay.day).where(ProgramDay.program_id == program_id).limit(1)) is not None


def read_days(session: Session, scope: Scope, *periods: Period) -> list[PeriodRows]:
    """Return the days of each period. What rules cost in money is known of the whole program only."""
    whole = Period(min(period.first for period in periods), max(period.last for period in periods))
    counts = _counts_by_day(session, scope, whole)
    amounts = _revenue_by_day(session, scope, whole)
    if scope.is_whole:
        for day, currency, cost in _costs_by_day(session, scope.program_id, whole):
            of_day = amounts.setdefault(day, {})
            of_day[currency] = of_day.get(currency, NO_AMOUNTS) + cost
    return [
        PeriodRows(
            period, tuple(DayRow(day, counts.get(day, NO_COUNTS), amounts.get(day, {})) for day in period.dates())
        )
        for period in periods
    ]


def of_links(table: type[LinkDay] | type[LinkRevenueDay], scope: Scope, period: Period) -> list[ColumnElement[bool]]:
    """Return what is true of the rows of a table of links that a scope and a period have; needs Link joined."""
    conditions = [Link.program_id == scope.program_id, table.day.between(period.first, period.last)]
    if scope.link_id is not None:
        conditions.append(table.link_id == scope.link_id)
    if scope.referrer_id is not None:
        conditions.append(table.referrer_id == scope.referrer_id)
    return conditions


def _counts_by_day(session: Session, scope: Scope, period: Period) -> dict[date, Counts]:
    table = ProgramDay if scope.is_whole else LinkDay
    query = select(table.day, *(func.sum(getattr(table, name)) for name in COUNTED)).group_by(table.day)
    found: Any = session.execute(_within(query, table, scope, period))
    return {day: Counts(*(int(count) for count in counts)) for day, *counts in found}


def _revenue_by_day(session: Session, scope: Scope, period: Period) -> dict[date, dict[str, Amounts]]:
    table = ProgramRevenueDay if scope.is_whole else LinkRevenueDay
    sums = (func.sum(table.revenue_minor), func.sum(table.refunded_minor))
    query = select(table.day, table.currency, *sums).group_by(table.day, table.currency)
    found: dict[date, dict[str, Amounts]] = {}
    for day, currency, paid, refunded in session.execute(_within(query, table, scope, period)):
        found.setdefault(day, {})[currency] = Amounts(paid=int(paid), refunded=int(refunded))
    return found


def _costs_by_day(session: Session, program_id: UUID, period: Period) -> Iterator[tuple[date, str, Amounts]]:
    sums = (func.sum(RuleDay.granted_minor), func.sum(RuleDay.withdrawn_minor))
    query = (
        select(RuleDay.day, RuleDay.currency, *sums)
        .where(
            RuleDay.program_id == program_id,
            RuleDay.kind == "cash",
            RuleDay.day.between(period.first, period.last),
        )
        .group_by(RuleDay.day, RuleDay.currency)
    )
    for day, currency, granted, withdrawn in session.execute(query):
        yield day, currency, Amounts(granted=int(granted), withdrawn=int(withdrawn))


SelectT = TypeVar("SelectT", bound=Select[*tuple[Any, ...]])


def _within(query: SelectT, table: Any, scope: Scope, period: Period) -> SelectT:
    if scope.is_whole:
        return query.where(table.program_id == scope.program_id, table.day.between(period.first, period.last))
    return query.join(Link, Link.id == table.link_id).where(*of_links(table, scope, period))
