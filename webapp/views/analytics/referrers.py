"""Who brought what in a period: every referrer, by name. Friends are never named."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.link_figures import count_referrers, each_referrer, list_referrers
from webapp.views.analytics.frame import read_frame, read_frame_of_file
from webapp.views.analytics.shared_rows import (
    PER_PAGE,
    page_number,
    paging,
    shared_cells,
    shared_header,
    shared_lines,
    sort_ways,
    wanted_order,
)
from webapp.views.csv import Cell, csv_response
from webapp.web import render

bp = Blueprint("referrers", __name__)


@bp.get("/referrers")
def index() -> Response:
    frame, session = read_frame(), db.session()
    order, page = wanted_order(), page_number()
    total = count_referrers(session, frame.scope, frame.period)
    rows = list_referrers(
        session,
        frame.scope,
        frame.period,
        currency=frame.program.currency,
        order=order,
        limit=PER_PAGE,
        offset=(page - 1) * PER_PAGE,
    )
    heading = ngettext(
        "%(count)s referrer brought somebody %(when)s",
        "%(count)s referrers brought somebody %(when)s",
        total,
        count=number(total),
        when=frame.in_days,
    )
    return render(
        "analytics/referrers/index.html",
        part="analytics/referrers/_report.html",
        status=frame.status,
        frame=frame,
        heading=heading if total else _("No referrer brought anybody %(when)s", when=frame.in_days),
        rows=shared_cells(frame, rows),
        sorts=sort_ways(frame, order),
        order=order,
        place=paging(frame, page, total, sort=order),
    )


@bp.get("/referrers.csv")
def export() -> Response:
    """Every referrer of the period."""
    frame = read_frame_of_file()
    scope, period, currency = frame.scope, frame.period, frame.program.currency

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for row in each_referrer(session, scope, period, currency=currency):
            yield from shared_lines([row.referrer_name], row, currency)

    return csv_response(f"referrers-{frame.filename}", shared_header(_("Referrer")), rows)
