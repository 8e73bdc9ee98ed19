"""A referrer's first page: the link, the figures, the last days, the latest friends."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.domain.periods import last_days, local_day
from webapp.extensions import db
from webapp.queries.credit import credit_of
from webapp.queries.figures import PERIOD_DAYS, Figures, referrer_figures
from webapp.queries.links import first_link_of
from webapp.queries.mailed_links import last_mailed_at
from webapp.queries.referrals import list_outcomes
from webapp.queries.standing import balances_by_day, earned_by_day, standings_of
from webapp.views.figures import clicks_figure, purchases_figure, signups_figure
from webapp.views.offer_words import offer_words
from webapp.views.referrer.days import DaysCard, asked_period, days_card
from webapp.views.referrer.earnings import Earnings, earnings_of
from webapp.views.referrer.referrals import friend_cards
from webapp.views.referrer.reminders import reminder_of
from webapp.views.referrer.sharing import share_card
from webapp.web import load_program, render

bp = Blueprint("dashboard", __name__)

LATEST = 7
DAYS_PART = "referrer/dashboard/_days.html"


@bp.get("")
def index() -> Response:
    session, program, now = db.session(), load_program(), utc_now()
    today, period = local_day(now, program.time_zone), asked_period()
    figures = referrer_figures(session, current_user.id, today, period_days=period)
    days = _days(figures, period)
    if request.headers.get("HX-Request") == "true":
        return render(DAYS_PART, days=days)
    link, offer = first_link_of(session, current_user.id), offer_words(program)
    outcomes, more = list_outcomes(session, current_user.id, limit=LATEST)
    friends = friend_cards(outcomes)
    # And the day before, at whose end the first of them begins.
    balances = balances_by_day(session, current_user.id, last_days(today, PERIOD_DAYS + 1), program.time_zone)
    standings = standings_of(session, current_user.id)
    has_credit = any(one.kind == "credit" for one in standings)
    credit = credit_of(session, current_user.id) if has_credit else []
    earnings = earnings_of(balances, standings, credit, currency=program.currency)
    return render(
        "referrer/dashboard/index.html",
        greeting=_greeting(now.astimezone(ZoneInfo(program.time_zone))),
        summary=_summary(figures, earnings),
        share=share_card(link, program, offer),
        offer=offer,
        hold_days=program.hold_days,
        figures=[clicks_figure(figures), signups_figure(figures), purchases_figure(figures), *earnings.figures],
        earnings=earnings,
        days=days,
        reminder=reminder_of(friends, program, offer, now=now),
        mailed_at=None if current_user.email_verified_at else last_mailed_at(session, current_user.id, "verify_email"),
        friends=friends,
        has_more=more is not None,
        first_day=not outcomes and not earnings.lines and not earnings.besides and figures.total.clicks == 0,
    )


def _days(figures: Figures, period: int) -> DaysCard:
    program = load_program()
    days = [one.day for one in figures.read[-period:]]
    earned = earned_by_day(db.session(), current_user.id, days, program.time_zone)
    return days_card(figures, earned, period=period, currency=program.currency)


def _greeting(local: datetime) -> str:
    name = current_user.first_name
    if 5 <= local.hour < 12:
        return _("Good morning, %(name)s", name=name)
    if 12 <= local.hour < 18:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)


def _summary(figures: Figures, earnings: Earnings) -> str:
    signups = figures.recent.signups
    if signups:
        joined = ngettext(
            "%(num)d friend joined through you in the last 30 days.",
            "%(num)d friends joined through you in the last 30 days.",
            signups,
        )
        if not earnings.has_ready:
            return joined
        ready = _("%(amount)s is ready to be paid to you.", amount=" + ".join(earnings.ready))
        return f"{joined} {ready}"
    if figures.total.clicks:
        return _("Your link was opened; nobody has joined through it in the last 30 days.")
    return _("Your link is ready. Send it to one friend who would really like it.")
