"""Rows of the tables of referrers and of links: what came through one of them, as pages and files show it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flask import abort, request
from flask_babel import gettext as _

from webapp.domain.definitions import DEFINITIONS
from webapp.domain.money import Money
from webapp.queries.analytics import NO_AMOUNTS, Counts, in_order
from webapp.queries.link_figures import ORDERS, Order, SharedRow
from webapp.views.analytics.frame import Frame, Way
from webapp.views.analytics.measures import amounts_in_words, revenue, share
from webapp.views.csv import Cell

PER_PAGE = 25
COUNTED = ("clicks", "visitors", "signups", "purchases", "buyers", "repeat_buyers")


@dataclass(frozen=True, slots=True)
class SharedCells:
    """One row of a table. `url` narrows the figures to it; `revenue_minor` is that of the program's currency."""

    name: str
    code: str | None
    label: str | None
    url: str
    counts: Counts
    visitor_to_buyer: str
    revenue: list[str]
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page of a list stands among all rows; rows are counted from 1."""

    first: int
    last: int
    total: int
    earlier: str | None
    later: str | None


def shared_cells(frame: Frame, rows: Iterable[SharedRow]) -> list[SharedCells]:
    """Return rows as a table shows them."""
    return [_cells(frame, row) for row in rows]


def wanted_order() -> Order:
    """Return by what the URL sorts the table; by revenue when it says nothing known."""
    given = request.args.get("sort")
    return next((order for order in ORDERS if order == given), ORDERS[0])


def page_number() -> int:
    """Return which page of a list is asked for, from 1. What is no number is not there."""
    given = request.args.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,5}", given, re.ASCII):
        abort(404)
    return int(given)


def sort_ways(frame: Frame, order: Order) -> dict[str, Way]:
    """Return the links in the heads of the columns that a table can be sorted by."""
    return {key: Way(f"sort-{key}", _(DEFINITIONS[key].label), frame.url(sort=key), key == order) for key in ORDERS}


def paging(frame: Frame, number: int, total: int, **kept: str) -> Paging:
    """Return the place of a page, and the ways to those beside it."""
    first, last = (number - 1) * PER_PAGE + 1, min(number * PER_PAGE, total)
    return Paging(
        first,
        last,
        total,
        earlier=frame.url(page=number - 1, **kept) if number > 1 else None,
        later=frame.url(page=number + 1, **kept) if last < total else None,
    )


def shared_header(*named: str) -> list[str]:
    """Return the head of a file of such rows; `named` are its first columns."""
    labels = [_(DEFINITIONS[key].label) for key in COUNTED]
    return [
        *named,
        *labels,
        _("Currency"),
        _("Paid"),
        _(DEFINITIONS["refunded"].label),
        _(DEFINITIONS["revenue"].label),
    ]


def shared_lines(names: Sequence[Cell], row: SharedRow, first: str) -> Iterator[Sequence[Cell]]:
    """Yield a row of a file, and one more for each further currency, which does not repeat what is counted."""
    for currency in in_order(row.amounts, first):
        found = row.amounts.get(currency, NO_AMOUNTS)
        counts = [getattr(row.counts, key) if currency == first else None for key in COUNTED]
        amounts = (found.paid, found.refunded, found.revenue)
        yield (*names, *counts, currency, *(Money(amount, currency).decimal for amount in amounts))


def _cells(frame: Frame, row: SharedRow) -> SharedCells:
    currency = frame.program.currency
    narrowed = {"link": str(row.id)} if row.code else {"referrer": str(row.id)}
    return SharedCells(
        name=row.referrer_name,
        code=row.code,
        label=row.label,
        url=frame.url("analytics.overview.index", **{"link": None, "referrer": None, **narrowed}),
        counts=row.counts,
        visitor_to_buyer=share(row.counts.buyers, row.counts.visitors, decimals=1),
        revenue=amounts_in_words(row.amounts, revenue, currency),
        revenue_minor=row.amounts.get(currency, NO_AMOUNTS).revenue,
    )
