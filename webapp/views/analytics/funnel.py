"""From the first visit to buying again, in all and by link."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.domain.definitions import DEFINITIONS
from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.analytics import Counts, PeriodRows, has_days, read_days
from webapp.queries.link_figures import count_links, list_links
from webapp.views.analytics.charts import funnel_drawn, funnel_steps
from webapp.views.analytics.frame import Frame, read_frame, read_frame_of_file
from webapp.views.analytics.measures import share
from webapp.views.analytics.shared_rows import shared_cells
from webapp.views.csv import Cell, csv_response
from webapp.web import render

bp = Blueprint("funnel", __name__)

TOP = 12
STEPS = ("visitors", "signups", "buyers", "repeat_buyers")


@bp.get("/funnel")
def index() -> Response:
    frame, session = read_frame(), db.session()
    now, before = read_days(session, frame.scope, frame.period, frame.period.before)
    steps = funnel_steps(now.counts, before.counts)
    links = list_links(session, frame.scope, frame.period, currency=frame.program.currency, order="visitors", limit=TOP)
    return render(
        "analytics/funnel/index.html",
        part="analytics/funnel/_report.html",
        status=frame.status,
        frame=frame,
        heading=_heading(frame, now),
        is_new=now.is_empty and not has_days(session, frame.program.id),
        is_empty=now.is_empty,
        steps=steps,
        funnel=funnel_drawn(frame, steps),
        by_link=shared_cells(frame, links),
        total=count_links(session, frame.scope, frame.period),
    )


@bp.get("/funnel.csv")
def export() -> Response:
    """The steps, each with its count in the period and in the one before."""
    frame = read_frame_of_file()
    scope, period = frame.scope, frame.period
    labels = {key: _(DEFINITIONS[key].label) for key in STEPS}

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        now, before = (found.counts for found in read_days(session, scope, period, period.before))
        for key in STEPS:
            yield labels[key], getattr(now, key), getattr(before, key)

    return csv_response(f"funnel-{frame.filename}", [_("Step"), _("In the period"), _("In the period before")], rows)


def _heading(frame: Frame, now: PeriodRows) -> str:
    if now.is_empty:
        return _("No visitors %(when)s", when=frame.in_days)
    counts: Counts = now.counts
    joined = share(counts.signups, counts.visitors, decimals=1)
    if joined and counts.signups:
        return _("%(percent)s of visitors join", percent=joined)
    return ngettext(
        "%(count)s friend joined %(when)s",
        "%(count)s friends joined %(when)s",
        counts.signups,
        count=number(counts.signups),
        when=frame.in_days,
    )
