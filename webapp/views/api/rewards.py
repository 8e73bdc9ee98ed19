"""Rewards, the latest first."""

from uuid import UUID

from flask import Blueprint, Response

from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.queries.paging import UnknownCursorError
from webapp.queries.rewards import list_rewards
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.presenting import present_listed_reward, respond
from webapp.views.api.reading import read_page, wrong_cursor

bp = Blueprint("rewards", __name__, url_prefix="/rewards")


@bp.get("")
def index() -> Response:
    return rewards_page()


def rewards_page(*, beneficiary_id: UUID | None = None) -> Response:
    """Return the page of rewards that the request asks for, of everybody or of one person."""
    limit, cursor = read_page()
    try:
        rows, more = list_rewards(
            db.session(), caller().program_id, beneficiary_id=beneficiary_id, before=cursor, limit=limit
        )
    except UnknownCursorError:
        raise ProblemError(422, f"cursor {wrong_cursor().msg}.", [wrong_cursor()]) from None
    return respond(answers.Rewards(data=[present_listed_reward(row) for row in rows], next=str(more) if more else None))
