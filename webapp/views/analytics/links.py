"""Which links and which campaigns bring people in a period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.charts.campaigns import CampaignBar, campaigns_chart
from webapp.domain.definitions import DEFINITIONS
from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.campaigns import CampaignRow, count_campaigns, each_campaign, list_campaigns
from webapp.queries.link_figures import count_links, each_link, list_links
from webapp.views.analytics.charts import Drawn
from webapp.views.analytics.frame import Frame, read_frame, read_frame_of_file
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

bp = Blueprint("links", __name__)

MOST_CAMPAIGNS = 100
DRAWN = 8
COUNTED = ("clicks", "visitors", "signups", "purchases")


@dataclass(frozen=True, slots=True)
class CampaignCells:
    """One campaign: its name in one line, the three fields, and what came with it."""

    name: str
    row: CampaignRow

    @property
    def is_told(self) -> bool:
        return bool(self.row.name or self.row.source or self.row.medium)


@bp.get("/links")
def index() -> Response:
    frame, session = read_frame(), db.session()
    order, page = wanted_order(), page_number()
    total = count_links(session, frame.scope, frame.period)
    rows = list_links(
        session,
        frame.scope,
        frame.period,
        currency=frame.program.currency,
        order=order,
        limit=PER_PAGE,
        offset=(page - 1) * PER_PAGE,
    )
    # Campaigns are counted of the whole program only.
    campaigns, of_all = [], 0
    if frame.scope.is_whole:
        found = list_campaigns(session, frame.program.id, frame.period, limit=MOST_CAMPAIGNS)
        campaigns = [CampaignCells(campaign_name(row), row) for row in found]
        of_all = count_campaigns(session, frame.program.id, frame.period)
    heading = ngettext(
        "%(count)s link was used %(when)s",
        "%(count)s links were used %(when)s",
        total,
        count=number(total),
        when=frame.in_days,
    )
    return render(
        "analytics/links/index.html",
        part="analytics/links/_report.html",
        status=frame.status,
        frame=frame,
        heading=heading if total else _("No link was used %(when)s", when=frame.in_days),
        rows=shared_cells(frame, rows),
        sorts=sort_ways(frame, order),
        order=order,
        place=paging(frame, page, total, sort=order),
        campaigns=campaigns,
        all_campaigns=of_all,
        drawn=_drawn(frame, [one for one in campaigns if one.is_told]),
    )


@bp.get("/links.csv")
def export() -> Response:
    """Every link of the period."""
    frame = read_frame_of_file()
    scope, period, currency = frame.scope, frame.period, frame.program.currency

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for row in each_link(session, scope, period, currency=currency):
            yield from shared_lines([row.code, row.label, row.referrer_name], row, currency)

    return csv_response(f"links-{frame.filename}", shared_header(_("Code"), _("Link"), _("Referrer")), rows)


@bp.get("/campaigns.csv")
def export_campaigns() -> Response:
    """Every campaign of the period, in its three fields."""
    frame = read_frame_of_file()
    program_id, period = frame.scope.program_id, frame.period

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for row in each_campaign(session, program_id, period):
            yield row.source, row.medium, row.name, *(getattr(row, key) for key in COUNTED)

    fields = ("utm_source", "utm_medium", "utm_campaign")
    labels = (_(DEFINITIONS[key].label) for key in COUNTED)
    return csv_response(f"campaigns-{frame.filename}", [*fields, *labels], rows)


def campaign_name(row: CampaignRow) -> str:
    """Return a campaign in one line: what was told of it."""
    told = [part for part in (row.name, row.source, row.medium) if part]
    return " · ".join(told) if told else _("No campaign")


def _drawn(frame: Frame, campaigns: Sequence[CampaignCells]) -> Drawn | None:
    """Draw the campaigns that were told; None when none was."""
    if not campaigns:
        return None
    signups, purchases = (_(DEFINITIONS[key].label) for key in ("signups", "purchases"))
    bars = [CampaignBar(one.name, one.row.signups, one.row.purchases) for one in campaigns[:DRAWN]]
    most = campaigns[0]
    sentence = ngettext(
        "“%(name)s” brought the most: %(count)s signup %(when)s.",
        "“%(name)s” brought the most: %(count)s signups %(when)s.",
        most.row.signups,
        name=most.name,
        count=number(most.row.signups),
        when=frame.in_days,
    )
    if not most.row.signups:
        sentence = _("No campaign brought a signup %(when)s.", when=frame.in_days)
    return Drawn(campaigns_chart(bars, signups=signups, purchases=purchases), sentence, ((1, signups), (2, purchases)))
