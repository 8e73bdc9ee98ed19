"""Figures of a period by referrer and by link, from the roll-ups: for tables that are sorted, paged and exported."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, Subquery, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.domain.chosen_period import Period
from webapp.models import Link, LinkDay, LinkRevenueDay, User
from webapp.queries.analytics import COUNTED, Amounts, Counts, Scope, of_links

Order = Literal["revenue", "purchases", "signups", "visitors"]
ORDERS: tuple[Order, ...] = ("revenue", "purchases", "signups", "visitors")
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class SharedRow:
    """What came through one referrer, or one of their links. `code` and `label` are the link's, None of a referrer.

    `id` is the referrer's or the link's. `amounts` has what was paid and sent back, by currency.
    """

    id: UUID
    referrer_name: str
    code: str | None
    label: str | None
    counts: Counts
    amounts: Mapping[str, Amounts] = field(default_factory=dict)


def count_referrers(session: Session, scope: Scope, period: Period) -> int:
    """Return through how many referrers anything happened in the period."""
    return _how_many(session, scope, period, "referrer_id")


def count_links(session: Session, scope: Scope, period: Period) -> int:
    """Return through how many links anything happened in the period."""
    return _how_many(session, scope, period, "link_id")


def list_referrers(
    session: Session, scope: Scope, period: Period, *, currency: str, order: Order, limit: int, offset: int = 0
) -> list[SharedRow]:
    """Return referrers through whom anything happened, the most first; by revenue: that in `currency`."""
    query = _by_referrer(scope, period, currency, order).limit(limit).offset(offset)
    return _rows(session, session.execute(query).all(), scope, period, "referrer_id")


def list_links(
    session: Session, scope: Scope, period: Period, *, currency: str, order: Order, limit: int, offset: int = 0
) -> list[SharedRow]:
    """Return links through which anything happened, the most first; by revenue: that in `currency`."""
    query = _by_link(scope, period, currency, order).limit(limit).offset(offset)
    return _rows(session, session.execute(query).all(), scope, period, "link_id")


def each_referrer(session: Session, scope: Scope, period: Period, *, currency: str) -> Iterator[SharedRow]:
    """Yield every referrer through whom anything happened, without holding them all."""
    return _each(session, _by_referrer(scope, period, currency, "revenue"), scope, period, "referrer_id")


def each_link(session: Session, scope: Scope, period: Period, *, currency: str) -> Iterator[SharedRow]:
    """Yield every link through which anything happened, without holding them all."""
    return _each(session, _by_link(scope, period, currency, "revenue"), scope, period, "link_id")


def _by_referrer(scope: Scope, period: Period, currency: str, order: Order) -> Select[Any]:
    sums = _sums(scope, period, "referrer_id", currency)
    found = select(sums, User.name, literal(None).label("code"), literal(None).label("label"))
    return _sorted(found.join(User, User.id == sums.c.id), sums, order)


def _by_link(scope: Scope, period: Period, currency: str, order: Order) -> Select[Any]:
    sums = _sums(scope, period, "link_id", currency)
    found = select(sums, User.name, Link.code, Link.label).join(Link, Link.id == sums.c.id)
    return _sorted(found.join(User, User.id == Link.referrer_id), sums, order)


def _sums(scope: Scope, period: Period, key: str, currency: str) -> Subquery:
    """Return counts and revenue in one currency by `key`.

    A refund may come on a day without anything else, so both tables say who is there.
    """
    counts = select(_column(LinkDay, key).label("id"), *(getattr(LinkDay, name) for name in COUNTED))
    counts = counts.add_columns(literal(0).label("revenue")).join(Link, Link.id == LinkDay.link_id)
    net = case(
        (LinkRevenueDay.currency == currency, LinkRevenueDay.revenue_minor - LinkRevenueDay.refunded_minor), else_=0
    )
    money = select(_column(LinkRevenueDay, key).label("id"), *(literal(0).label(name) for name in COUNTED))
    money = money.add_columns(net.label("revenue")).join(Link, Link.id == LinkRevenueDay.link_id)
    both = union_all(
        counts.where(*of_links(LinkDay, scope, period)), money.where(*of_links(LinkRevenueDay, scope, period))
    ).subquery()
    return (
        select(both.c.id, *(func.sum(both.c[name]).label(name) for name in (*COUNTED, "revenue")))
        .group_by(both.c.id)
        .subquery()
    )


def _sorted(query: Select[Any], sums: Subquery, order: Order) -> Select[Any]:
    # The other figures settle ties, and the id what is left, so that pages never overlap.
    others = (name for name in ORDERS if name != order)
    return query.order_by(sums.c[order].desc(), *(sums.c[name].desc() for name in others), sums.c.id)


def _column(table: type[LinkDay] | type[LinkRevenueDay], key: str) -> InstrumentedAttribute[UUID]:
    column: InstrumentedAttribute[UUID] = getattr(table, key)
    return column


def _how_many(session: Session, scope: Scope, period: Period, key: str) -> int:
    there = union_all(
        *(
            select(_column(table, key).label("id"))
            .join(Link, Link.id == table.link_id)
            .where(*of_links(table, scope, period))
            for table in (LinkDay, LinkRevenueDay)
        )
    ).subquery()
    return session.scalar(select(func.count(there.c.id.distinct()))) or 0


def _each(session: Session, query: Select[Any], scope: Scope, period: Period, key: str) -> Iterator[SharedRow]:
    for part in session.execute(query.execution_options(yield_per=AT_A_TIME)).partitions():
        yield from _rows(session, part, scope, period, key)


def _rows(session: Session, found: Sequence[Any], scope: Scope, period: Period, key: str) -> list[SharedRow]:
    amounts = _amounts_of(session, [row.id for row in found], scope, period, key)
    return [
        SharedRow(
            row.id,
            row.name,
            row.code,
            row.label,
            Counts(*(int(getattr(row, name)) for name in COUNTED)),
            amounts.get(row.id, {}),
        )
        for row in found
    ]


def _amounts_of(
    session: Session, ids: Sequence[UUID], scope: Scope, period: Period, key: str
) -> dict[UUID, dict[str, Amounts]]:
    column = _column(LinkRevenueDay, key)
    query = (
        select(
            column,
            LinkRevenueDay.currency,
            func.sum(LinkRevenueDay.revenue_minor),
            func.sum(LinkRevenueDay.refunded_minor),
        )
        .join(Link, Link.id == LinkRevenueDay.link_id)
        .where(column.in_(ids), *of_links(LinkRevenueDay, scope, period))
        .group_by(column, LinkRevenueDay.currency)
    )
    found: dict[UUID, dict[str, Amounts]] = {}
    for row_id, currency, paid, refunded in session.execute(query):
        found.setdefault(row_id, {})[currency] = Amounts(paid=int(paid), refunded=int(refunded))
    return found
