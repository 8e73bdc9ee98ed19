"""The program's last 30 days."""

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.figures import NOTHING, Figures, program_figures
from webapp.views.figures import clicks_figure, purchases_figure, signups_figure
from webapp.web import load_program, render

bp = Blueprint("overview", __name__)


@bp.get("")
def index() -> Response:
    program = load_program()
    figures = program_figures(db.session(), program.id, local_day(utc_now(), program.time_zone))
    return render(
        "analytics/overview/index.html",
        heading=_heading(figures),
        figures=[clicks_figure(figures), signups_figure(figures), purchases_figure(figures)],
        days=list(reversed(figures.days)) if figures.recent != NOTHING else [],
    )


def _heading(figures: Figures) -> str:
    if figures.recent == NOTHING:
        return _("No clicks in the last 30 days")
    clicks, signups = figures.recent.clicks, figures.recent.signups
    return _(
        "%(clicks)s and %(signups)s in the last 30 days",
        clicks=ngettext("%(count)s click", "%(count)s clicks", clicks, count=number(clicks)),
        signups=ngettext("%(count)s signup", "%(count)s signups", signups, count=number(signups)),
    )
