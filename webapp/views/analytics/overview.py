"""What referred friends brought in a period, beside the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.domain.definitions import DEFINITIONS
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.formatting import money_whole
from webapp.queries.analytics import NO_AMOUNTS, Counts, DayRow, PeriodRows, has_days, in_order, read_days
from webapp.queries.link_figures import count_referrers, list_referrers
from webapp.queries.rule_figures import list_changes
from webapp.views.analytics.charts import days_chart, funnel_drawn, funnel_steps, money_chart, visits_chart
from webapp.views.analytics.frame import Frame, read_frame, read_frame_of_file
from webapp.views.analytics.measures import (
    Measure,
    amounts_in_words,
    cost,
    count_measure,
    money_measure,
    revenue,
    share,
    together,
)
from webapp.views.analytics.shared_rows import SharedCells, shared_cells
from webapp.views.csv import Cell, csv_response
from webapp.web import render

bp = Blueprint("overview", __name__)

TOP = 8


@dataclass(frozen=True, slots=True)
class DayCells:
    """One row of the table of days. `cost` is empty where it is not known."""

    day: date
    counts: Counts
    revenue: str
    cost: str


@dataclass(frozen=True, slots=True)
class TopReferrers:
    """Those who brought the most; `total` is how many brought anything, `share` what part these brought."""

    rows: list[SharedCells]
    total: int
    share: str


@bp.get("")
def index() -> Response:
    frame, session = read_frame(), db.session()
    now, before = read_days(session, frame.scope, frame.period, frame.period.before)
    changes = list_changes(session, frame.program.id, frame.period, time_zone=frame.program.time_zone)
    steps = funnel_steps(now.counts, before.counts)
    return render(
        "analytics/overview/index.html",
        part="analytics/overview/_report.html",
        status=frame.status,
        frame=frame,
        heading=_heading(frame, now),
        summary=_summary(frame, now, before),
        measures=_measures(frame, now, before),
        is_new=now.is_empty and not has_days(session, frame.program.id),
        is_empty=now.is_empty,
        days=[_cells(frame, row) for row in reversed(now.days)],
        by_day=days_chart(frame, now, before, changes),
        visits=visits_chart(frame, now, before),
        money=money_chart(frame, now),
        steps=steps,
        funnel=funnel_drawn(frame, steps),
        top=_top(session, frame, now) if frame.scope.is_whole and not now.is_empty else None,
    )


@bp.get("/days.csv")
def export() -> Response:
    """The table of days: a row a day with the program's currency, and one more for each further currency."""
    frame = read_frame_of_file()
    scope, period, first = frame.scope, frame.period, frame.program.currency

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for row in read_days(session, scope, period)[0].days:
            for currency in in_order(row.amounts, first):
                found, main = row.amounts.get(currency, NO_AMOUNTS), currency == first
                counts = (row.counts.clicks, row.counts.visitors, row.counts.signups, row.counts.purchases)
                minor = (found.paid, found.refunded, found.revenue)
                costs = (found.granted, found.withdrawn, found.cost) if scope.is_whole else ()
                yield (
                    row.day.isoformat(),
                    # Once a day only, so that a column can be added up.
                    *(counts if main else (None,) * len(counts)),
                    currency,
                    *(Money(amount, currency).decimal for amount in (*minor, *costs)),
                )

    counted = [_(DEFINITIONS[key].label) for key in ("clicks", "visitors", "signups", "purchases")]
    money_keys = ("refunded", "revenue", *(("granted", "withdrawn", "reward_cost") if scope.is_whole else ()))
    header = [_("Day"), *counted, _("Currency"), _("Paid"), *(_(DEFINITIONS[key].label) for key in money_keys)]
    return csv_response(f"days-{frame.filename}", header, rows)


def _heading(frame: Frame, now: PeriodRows) -> str:
    if now.is_empty:
        return _("No clicks %(when)s", when=frame.in_days)
    currencies = in_order(now.amounts, frame.program.currency)
    brought = [Money(now.amounts.get(one, NO_AMOUNTS).revenue, one) for one in currencies]
    shown = [money_whole(amount) for amount in brought if amount.minor > 0]
    if not shown:
        return _("Referred friends bought nothing %(when)s", when=frame.in_days)
    return _("Referred friends brought %(amounts)s %(when)s", amounts=together(shown), when=frame.in_days)


def _summary(frame: Frame, now: PeriodRows, before: PeriodRows) -> str:
    if now.is_empty:
        return ""
    currency = frame.program.currency
    value, earlier = (rows.amounts.get(currency, NO_AMOUNTS) for rows in (now, before))
    parts = []
    percent = share(abs(value.revenue - earlier.revenue), earlier.revenue) if before.counts.purchases >= 20 else ""
    if percent and value.revenue != earlier.revenue:
        values = {"percent": percent, "than": frame.than_before}
        more = value.revenue > earlier.revenue
        parts.append(_("%(percent)s more %(than)s.", **values) if more else _("%(percent)s less %(than)s.", **values))
    part = _cost_share(now, currency)
    if frame.scope.is_whole and part:
        parts.append(_("Rewards cost %(percent)s of it.", percent=part))
    return " ".join(parts)


def _measures(frame: Frame, now: PeriodRows, before: PeriodRows) -> list[Measure]:
    currency = frame.program.currency
    counted = [count_measure(key, now, before) for key in ("clicks", "visitors", "signups", "purchases")]
    measures = [*counted, money_measure("revenue", revenue, now, before, currency=currency)]
    if frame.scope.is_whole:
        measures.append(money_measure("reward_cost", cost, now, before, currency=currency, is_welcome=False))
    return measures


def _cost_share(now: PeriodRows, currency: str) -> str:
    found = now.amounts.get(currency, NO_AMOUNTS)
    few = now.counts.purchases < 20 or found.revenue <= 0 or found.cost < 0
    return "" if few else share(found.cost, found.revenue, decimals=1)


def _cells(frame: Frame, row: DayRow) -> DayCells:
    currency = frame.program.currency
    costs = amounts_in_words(row.amounts, cost, currency) if frame.scope.is_whole else ()
    return DayCells(
        row.day, row.counts, together(amounts_in_words(row.amounts, revenue, currency)), together(list(costs))
    )


def _top(session: Session, frame: Frame, now: PeriodRows) -> TopReferrers | None:
    currency = frame.program.currency
    rows = list_referrers(session, frame.scope, frame.period, currency=currency, order="revenue", limit=TOP)
    if not rows:
        return None
    cells = shared_cells(frame, rows)
    whole = now.amounts.get(currency, NO_AMOUNTS).revenue
    part = sum(cell.revenue_minor for cell in cells)
    enough = now.counts.purchases >= 20 and 0 < part <= whole
    return TopReferrers(
        cells, count_referrers(session, frame.scope, frame.period), share(part, whole) if enough else ""
    )
