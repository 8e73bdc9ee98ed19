"""A referrer's friends, and the people who do not count, each with the reason."""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.friend_orders import orders_of_friends
from webapp.queries.referrals import Outcome, OutcomeCounts, Which, count_friends, count_outcomes, list_outcomes
from webapp.views.referrer.friend_cards import FriendCard, friend_card
from webapp.web import page_cursor, render

bp = Blueprint("referrals", __name__, url_prefix="/referrals")


# What `?show=` may ask for.
SHOWN: dict[str, Which | None] = {"": None, "waiting": "waiting", "nothing": "nothing"}


@bp.get("")
def index() -> Response:
    session, show = db.session(), request.args.get("show", "")
    which = SHOWN.get(show)
    outcomes, more = list_outcomes(session, current_user.id, which=which, before=page_cursor())
    counts = count_outcomes(session, current_user.id)
    return render(
        "referrer/referrals/index.html",
        part="referrer/referrals/_list.html",
        heading=_heading(count_friends(session, current_user.id)),
        counts=counts,
        tabs=_tabs(counts),
        show=show if which else "",
        friends=friend_cards(outcomes),
        next_cursor=str(more) if more else None,
    )


def friend_cards(outcomes: Sequence[Outcome]) -> list[FriendCard]:
    """Put signups into words for the referrer who is signed in."""
    friends = [outcome.friend_id for outcome in outcomes if outcome.friend_id]
    orders = orders_of_friends(db.session(), current_user.id, friends) if friends else {}
    return [
        friend_card(outcome, orders.get(outcome.friend_id, []) if outcome.friend_id else []) for outcome in outcomes
    ]


def _tabs(counts: OutcomeCounts) -> list[tuple[str, str, str]]:
    """Return what can be shown: what `?show=` says, its name, and how many there are."""
    return [
        ("", _("All"), number(counts.everyone)),
        ("waiting", _("Waiting"), number(counts.waiting)),
        ("nothing", _("No reward"), number(counts.nothing)),
    ]


def _heading(total: int) -> str:
    if not total:
        return _("Nobody has joined through you yet")
    return ngettext(
        "%(count)s friend joined through you", "%(count)s friends joined through you", total, count=number(total)
    )
