"""Rewards, the latest first."""

from hashlib import sha256
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.errors import FieldProblem, ProblemError
from webapp.extensions import db
from webapp.queries.paging import UnknownCursorError
from webapp.queries.rewards import list_rewards
from webapp.services.answers import Question
from webapp.services.fulfilments import NotFulfillableError, fulfil_reward
from webapp.services.reward_decisions import UnknownRewardError
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_once
from webapp.views.api.presenting import present_listed_reward, respond
from webapp.views.api.reading import read_body, read_page, wrong_cursor
from webapp.views.api.schemas import FulfilmentBody

bp = Blueprint("rewards", __name__, url_prefix="/rewards")


@bp.get("")
def index() -> Response:
    return rewards_page()


@bp.post("/<reward_id>/fulfilment")
def create_fulfilment(reward_id: str) -> Response:
    body, now = read_body(FulfilmentBody), utc_now()
    id_, program_id, actor = _id_of(reward_id), caller().program_id, caller().actor

    def fulfil(session: Session) -> tuple[answers.Fulfilment, int]:
        try:
            done = fulfil_reward(session, program_id, id_, note=body.note or "", actor=actor, now=now)
        except UnknownRewardError:
            raise ProblemError(404, "There is no reward with this id.") from None
        except NotFulfillableError as error:
            problem = (
                f"is of a {error.kind} reward that is {error.status}; only an approved custom one can be fulfilled"
            )
            raise ProblemError(409, f"reward_id {problem}.", [FieldProblem(("reward_id",), problem)]) from None
        return answers.Fulfilment(reward_id=done.reward_id, status=done.status, fulfilled_at=done.at), 201

    content = sha256(f"{id_} {body.content_hash()}".encode("ascii")).hexdigest()
    question = Question("fulfilment", body.event_id or str(id_), content)
    with write_transaction() as session:
        answer = answer_once(session, program_id, question, lambda: fulfil(session), now=now)
    return respond(*answer)


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ProblemError(404, "There is no reward with this id.") from None


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
