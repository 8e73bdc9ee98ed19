"""What goes on in the program."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.explain import attribution_for_admin
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.formatting import number, say
from webapp.queries.figures import program_figures
from webapp.queries.referrals import Signup, latest_signups
from webapp.views.figures import clicks_figure, purchases_figure, signups_figure
from webapp.web import load_program, render

bp = Blueprint("overview", __name__)


@dataclass(frozen=True, slots=True)
class SignupRow:
    """One signup in the list; `referrer_name` is None when nobody was credited."""

    friend_name: str
    referrer_name: str | None
    joined_at: datetime
    reason_text: str


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    figures = program_figures(session, program.id, local_day(utc_now(), program.time_zone))
    recent = figures.recent.signups
    heading = (
        ngettext(
            "%(count)s person joined through a friend in the last 30 days",
            "%(count)s people joined through a friend in the last 30 days",
            recent,
            count=number(recent),
        )
        if recent
        else _("Nobody joined through a friend in the last 30 days")
    )
    return render(
        "admin/overview/index.html",
        heading=heading,
        summary=_("The latest signups stand below, each with the reason why it counts for someone or for nobody."),
        figures=[clicks_figure(figures), signups_figure(figures), purchases_figure(figures)],
        latest=[_row(signup) for signup in latest_signups(session, program.id)],
    )


def _row(signup: Signup) -> SignupRow:
    return SignupRow(
        friend_name=signup.friend_name,
        referrer_name=signup.referrer_name,
        joined_at=signup.signed_up_at,
        reason_text=say(
            attribution_for_admin(signup.reason, signup.method, model=signup.model, window_days=signup.window_days)
        ),
    )
