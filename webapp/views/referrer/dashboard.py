"""A referrer's first page: the link, the figures, the latest friends."""

from datetime import datetime
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from markupsafe import Markup

from webapp.clock import utc_now
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.queries.figures import referrer_figures
from webapp.queries.links import first_link_of
from webapp.queries.referrals import list_outcomes
from webapp.views.figures import clicks_figure, purchases_figure, signups_figure
from webapp.views.referrer.earnings import earnings_of
from webapp.views.referrer.referrals import friend_cards
from webapp.web import absolute_url, load_program, render

bp = Blueprint("dashboard", __name__)

LATEST = 7


@bp.get("")
def index() -> Response:
    session, program, now = db.session(), load_program(), utc_now()
    link = first_link_of(session, current_user.id)
    url = absolute_url(f"/r/{link.code}")
    figures = referrer_figures(session, current_user.id, local_day(now, program.time_zone))
    outcomes, more = list_outcomes(session, current_user.id, limit=LATEST)
    earnings = earnings_of(session, current_user.id, currency=program.currency)
    return render(
        "referrer/dashboard/index.html",
        greeting=_greeting(now.astimezone(ZoneInfo(program.time_zone))),
        summary=_summary(figures.recent.signups, figures.total.clicks),
        link={"url": url, "code": link.code},
        qr_svg=qr_svg(url),
        figures=[clicks_figure(figures), signups_figure(figures), purchases_figure(figures), *earnings.figures],
        earnings=earnings,
        friends=friend_cards(outcomes),
        has_more=more is not None,
        first_day=not outcomes and not earnings.lines and figures.total.clicks == 0,
    )


def qr_svg(url: str) -> Markup:
    """Return a QR code as an SVG element: black on the white of its box, also in the dark."""
    code = segno.make(url, error="m", micro=False)
    svg = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None, title=_("QR code of your link"))
    # segno makes the markup and escapes the title; nothing of it comes from a visitor.
    return Markup(svg)  # noqa: S704


def _greeting(local: datetime) -> str:
    name = current_user.first_name
    if 5 <= local.hour < 12:
        return _("Good morning, %(name)s", name=name)
    if 12 <= local.hour < 18:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)


def _summary(recent_signups: int, clicks: int) -> str:
    if recent_signups:
        return ngettext(
            "%(num)d friend joined through you in the last 30 days.",
            "%(num)d friends joined through you in the last 30 days.",
            recent_signups,
        )
    if clicks:
        return _("Your link was opened; nobody has joined through it in the last 30 days.")
    return _("Your link is ready. Send it to one friend who would really like it.")
