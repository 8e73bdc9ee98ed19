"""Where a person's money stands: by status, by day, and what it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.domain.money import Money
from webapp.domain.periods import day_begins
from webapp.models import Conversion, LedgerEntry, LedgerTransaction, Reward, RewardEvent, User

# Of each status and currency; the page of rewards has them all.
NEAREST = 4


@dataclass(frozen=True, slots=True)
class StandingReward:
    """One reward among those of its status: what it is for, what is left of it, and when it is ready."""

    friend_name: str | None
    type: str
    side: str
    kept: Money
    matures_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's rewards of one kind and status in one currency, and the few that are ready first."""

    kind: str
    status: str
    currency: str
    count: int
    first_matures_at: datetime
    last_matures_at: datetime
    earliest_at: datetime
    nearest: tuple[StandingReward, ...]


def standings_of(session: Session, beneficiary_id: UUID) -> list[Standing]:
    """Return how a person's rewards stand. `earliest_at` is when the first of a status was earned."""
    group = (Reward.kind, Reward.status, Reward.currency)
    ranked = (
        select(
            Reward.id,
            Reward.kind,
            Reward.status,
            Reward.currency,
            Reward.side,
            Reward.amount_minor,
            Reward.matures_at,
            Conversion.user_id,
            Conversion.type,
            func.count().over(partition_by=group).label("rewards"),
            func.min(Reward.matures_at).over(partition_by=group).label("first"),
            func.max(Reward.matures_at).over(partition_by=group).label("last"),
            func.min(Conversion.occurred_at).over(partition_by=group).label("earliest"),
            func.row_number().over(partition_by=group, order_by=(Reward.matures_at, Reward.id)).label("nth"),
        )
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(Reward.beneficiary_id == beneficiary_id)
        .subquery()
    )
    one = ranked.c
    rows = session.execute(
        select(ranked, _taken(one.id).label("taken"), User.name.label("friend_name"))
        .outerjoin(User, User.id == one.user_id)
        .where(one.nth <= NEAREST)
        .order_by(one.kind, one.currency, one.status, one.nth)
    )
    groups: dict[tuple[str, str, str], list[StandingReward]] = {}
    standings: dict[tuple[str, str, str], Standing] = {}
    for row in rows:
        key = (row.kind, row.status, row.currency)
        kept = Money(row.amount_minor - int(row.taken), row.currency)
        groups.setdefault(key, []).append(StandingReward(row.friend_name, row.type, row.side, kept, row.matures_at))
        standings[key] = Standing(
            *(row.kind, row.status, row.currency, row.rewards),
            *(row.first, row.last, row.earliest, tuple(groups[key])),
        )
    return list(standings.values())


def balances_by_day(
    session: Session, user_id: UUID, days: Sequence[date], time_zone: str
) -> dict[str, dict[str, list[int]]]:
    """Return what stood in each account of a person's money at the end of each of these days, by currency.

    In minor units. The days follow each other and end with today, so that the last number is the balance now.
    """
    day = _day_number(LedgerTransaction.at, days, time_zone).label("day")
    rows = session.execute(
        select(LedgerEntry.currency, LedgerEntry.account, day, func.sum(LedgerEntry.amount_minor))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.user_id == user_id, LedgerEntry.kind == "cash")
        .group_by(LedgerEntry.currency, LedgerEntry.account, day)
        .order_by(LedgerEntry.currency)
    )
    balances: dict[str, dict[str, list[int]]] = {}
    for currency, account, number, minor in rows:
        line = balances.setdefault(currency, {}).setdefault(account, [0] * len(days))
        for later in range(max(number, 0), len(days)):
            line[later] += int(minor)
    return balances


def earned_by_day(
    session: Session, beneficiary_id: UUID, days: Sequence[date], time_zone: str
) -> dict[str, dict[date, Money]]:
    """Return the money that a person keeps of what happened on each of these days, by currency.

    Days with nothing are left out. What was rejected or sent back is not kept.
    """
    day = _day_number(Conversion.occurred_at, days, time_zone)
    kept = (
        select(Reward.currency, day.label("day"), (Reward.amount_minor - _taken(Reward.id)).label("minor"))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(
            Reward.beneficiary_id == beneficiary_id,
            Reward.kind == "cash",
            Reward.status.not_in(("rejected", "reversed")),
            Conversion.occurred_at >= day_begins(days[0], time_zone),
        )
        .subquery()
    )
    rows = session.execute(
        select(kept.c.currency, kept.c.day, func.sum(kept.c.minor))
        .group_by(kept.c.currency, kept.c.day)
        .order_by(kept.c.currency, kept.c.day)
    )
    earned: dict[str, dict[date, Money]] = {}
    for currency, number, minor in rows:
        if minor:
            earned.setdefault(currency, {})[days[number]] = Money(int(minor), currency)
    return earned


def _taken(reward_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[int]:
    minor = func.coalesce(func.sum(RewardEvent.taken_minor), 0)
    return select(minor).where(RewardEvent.reward_id == reward_id).scalar_subquery()


def _day_number(moment: InstrumentedAttribute[datetime], days: Sequence[date], time_zone: str) -> ColumnElement[int]:
    """Return the place of a moment's day in `days`, -1 for earlier ones.

    By the moments at which days begin, since the two engines do not compute time zones alike.
    """
    latest_first = reversed(list(enumerate(days)))
    return case(*((moment >= day_begins(day, time_zone), number) for number, day in latest_first), else_=-1)
