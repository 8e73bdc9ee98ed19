"""Who came through whom, who came through nobody, and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, abort
from flask_babel import gettext as _

from webapp.domain.explain import attribution_for_admin
from webapp.extensions import db
from webapp.formatting import number, say
from webapp.queries.bonds import changes_of
from webapp.queries.conversion_lists import ConversionFilter, list_conversions
from webapp.queries.paging import UnknownCursorError
from webapp.queries.signups import ListedSignup, SignupFilter, find_signup, list_signups, touches_of
from webapp.views.admin import filters
from webapp.views.admin.conversion_rows import conversion_line
from webapp.views.admin.referral_change_words import change_card
from webapp.views.admin.touch_timeline import timeline
from webapp.views.admin.touches import credit_heading, credit_text, first_credit_heading
from webapp.views.worth import worth_together
from webapp.web import load_program, page_cursor, render

bp = Blueprint("referrals", __name__, url_prefix="/referrals")

FILTERS = ("q", "person", "method", "since", "until")
METHODS = {
    "link": lambda: _("By a link"),
    "typed_code": lambda: _("By a typed code"),
    "coupon_code": lambda: _("By a coupon code"),
    "assigned": lambda: _("By a person’s decision"),
    "nobody": lambda: _("Nobody credited"),
}
DEEDS = 10


@dataclass(frozen=True, slots=True)
class SignupLine:
    """One row of the list."""

    id: UUID
    friend: str
    referrer: str | None
    how: str
    joined_at: datetime
    purchases: str
    earned: str


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    search, (since, until) = filters.search(session, program.id), filters.period(program)
    wanted = SignupFilter(
        method=filters.one_of("method", METHODS),  # type: ignore[arg-type]
        person_id=search.person_id,
        text=search.text,
        since=since,
        until=until,
    )
    try:
        rows, more = (
            ([], None) if search.found_nobody else list_signups(session, program.id, wanted, before=page_cursor())
        )
    except UnknownCursorError:
        abort(404)
    return render(
        "admin/referrals/index.html",
        part="admin/referrals/_rows.html",
        signups=[_line(row) for row in rows],
        search=search,
        filters=filters.kept(FILTERS),
        methods=[(name, label()) for name, label in METHODS.items()],
        next_cursor=str(more) if more else None,
    )


@bp.get("/<uuid:referral_id>")
def show(referral_id: UUID) -> Response:
    """The attribution timeline of one signup, by the id of its referral or of its attribution decision."""
    session, program = db.session(), load_program()
    signup = find_signup(session, program.id, referral_id)
    if signup is None:
        abort(404)
    touches = touches_of(session, signup.decision_id)
    deeds, _more = list_conversions(session, program.id, ConversionFilter(doer_id=signup.friend_id), limit=DEEDS)
    line, changes = _line(signup), changes_of(session, signup.friend_id)
    return render(
        "admin/referrals/show.html",
        signup=line,
        heading=_heading(signup),
        credit_heading=first_credit_heading(signup, touches) if changes else credit_heading(signup),
        credit_text=credit_text(signup, touches),
        external_id=signup.friend_external_id,
        campaign=", ".join(signup.campaign),
        friend_id=signup.friend_id,
        moments=timeline(signup, touches, was_changed=bool(changes)),
        changes=[change_card(change) for change in changes],
        conversions=[conversion_line(deed) for deed in deeds],
    )


def _heading(signup: ListedSignup) -> str:
    if signup.referrer_name is None:
        return _("%(name)s counts for nobody", name=signup.friend_name)
    return _("%(name)s counts for %(referrer)s", name=signup.friend_name, referrer=signup.referrer_name)


def _line(row: ListedSignup) -> SignupLine:
    return SignupLine(
        id=row.decision_id,
        friend=row.friend_name,
        referrer=row.referrer_name,
        how=say(attribution_for_admin(row.reason, row.method, model=row.model, window_days=row.window_days)),
        joined_at=row.signed_up_at,
        purchases=number(row.purchases),
        earned=worth_together(row.earned),
    )
