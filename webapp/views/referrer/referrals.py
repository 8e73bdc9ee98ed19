"""A referrer's friends, and the people who do not count, each with the reason."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.domain import names
from webapp.domain.explain import attribution_for_referrer
from webapp.extensions import db
from webapp.formatting import number, say
from webapp.queries.referrals import Outcome, count_friends, list_outcomes
from webapp.web import render

bp = Blueprint("referrals", __name__, url_prefix="/referrals")

FACE_TONES = 4


@dataclass(frozen=True, slots=True)
class FriendCard:
    """One row of the list: who, where things stand, and why."""

    display_name: str
    initials: str
    tone: int
    joined_at: datetime
    counts: bool
    state_label: str
    steps: list[tuple[str, str]]
    reason_title: str
    reason_text: str


@bp.get("")
def index() -> Response:
    session = db.session()
    outcomes, more = list_outcomes(session, current_user.id, before=_cursor())
    total = count_friends(session, current_user.id)
    return render(
        "referrer/referrals/index.html",
        part="referrer/referrals/_list.html",
        heading=_heading(total),
        friends=[friend_card(outcome) for outcome in outcomes],
        total_friends=total,
        next_cursor=str(more) if more else None,
    )


def friend_card(outcome: Outcome) -> FriendCard:
    """Put one signup into words for its referrer."""
    name = names.masked_name(outcome.friend_name or "")
    words = attribution_for_referrer(
        outcome.outcome,
        outcome.kind,
        friend=names.first_name(outcome.friend_name or ""),
        touched_at=outcome.touched_at,
        signed_up_at=outcome.signed_up_at,
        window_days=outcome.window_days,
    )
    counts = outcome.outcome == "credited"
    came = _("Typed your code") if outcome.kind == "typed_code" else _("Opened your link")
    return FriendCard(
        display_name=name or _("Someone"),
        initials=names.initials(outcome.friend_name or ""),
        # Nobody's picture has no colour of its own.
        tone=outcome.decision_id.int % FACE_TONES + 1 if name else 0,
        joined_at=outcome.signed_up_at,
        counts=counts,
        state_label=_("Joined") if counts else _("Does not count"),
        steps=[(came, "done"), (_("Joined"), "done")] if counts else [(came, "done"), (_("Does not count"), "stop")],
        reason_title=say(words.title),
        reason_text=" ".join(say(sentence) for sentence in words.because),
    )


def _cursor() -> UUID | None:
    if "before" not in request.args:
        return None
    try:
        return UUID(request.args["before"])
    except ValueError:
        abort(404)


def _heading(total: int) -> str:
    if not total:
        return _("Nobody has joined through you yet")
    return ngettext(
        "%(count)s friend joined through you", "%(count)s friends joined through you", total, count=number(total)
    )
