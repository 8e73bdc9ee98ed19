"""Who brought whom, the latest first."""

from flask import Blueprint, Response

from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.queries.paging import UnknownCursorError
from webapp.queries.referrals import list_referrals
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.presenting import present_referral, respond
from webapp.views.api.reading import read_page, wrong_cursor

bp = Blueprint("referrals", __name__, url_prefix="/referrals")


@bp.get("")
def index() -> Response:
    limit, cursor = read_page()
    try:
        rows, more = list_referrals(db.session(), caller().program_id, before=cursor, limit=limit)
    except UnknownCursorError:
        raise ProblemError(422, f"cursor {wrong_cursor().msg}.", [wrong_cursor()]) from None
    return respond(
        answers.Referrals(
            data=[
                answers.ListedReferral(
                    **dict(present_referral(row.referral)),
                    friend_id=row.referral.friend_id,
                    friend_external_id=row.friend_external_id,
                    code=row.code,
                    created_at=row.referral.created_at,
                )
                for row in rows
            ],
            next=str(more) if more else None,
        )
    )
