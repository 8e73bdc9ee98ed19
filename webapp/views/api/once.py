"""An event is answered once; sent again, it gets the very same answer."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.seals import with_words_replaced
from webapp.errors import FieldProblem, ProblemError
from webapp.services.answers import OtherContentError, Question, find_answer, find_sealed_answer, keep_answer
from webapp.signing import sealer
from webapp.views.api.answers import Answer

REPEATED = 200


def answer_once(
    session: Session, program_id: UUID, question: Question, make: Callable[[], tuple[Answer, int]], *, now: datetime
) -> tuple[str, int]:
    """Return body and status: those of `make`, kept in its transaction, or the first answer when there is one.

    `make` knows best what it has done before: it raises ProblemError, and has
    then written nothing. Raises that, or ProblemError 409 when the same id came
    with other content before.
    """
    try:
        answer, status = make()
    except ProblemError:
        try:
            kept = find_answer(session, program_id, question, sealer())
        except OtherContentError:
            raise taken(_ID[question.operation], "was sent before with other content") from None
        if kept is None:
            raise
        return kept, REPEATED
    body = answer.model_dump_json()
    keep_answer(session, program_id, question, body, now)
    return body, status


def answer_again(session: Session, program_id: UUID, question: Question, **ids: str | None) -> tuple[str, int] | None:
    """Return the first answer about somebody who was erased since, None when there is none to this very question.

    Without it, sending a signup again would bring back who wanted to be forgotten. `ids` are what was sent, by what
    each is of: in the answer they stand as they did.
    """
    seals = sealer()
    kept = find_sealed_answer(session, program_id, question, seals)
    if kept is None:
        return None
    return with_words_replaced(kept, {seals.seal(of, id_): id_ for of, id_ in ids.items() if id_}), REPEATED


def taken(field: str, problem: str) -> ProblemError:
    """Return the refusal of something that contradicts what is known."""
    return ProblemError(409, f"{field} {problem}. Nothing was written.", [FieldProblem((field,), problem)])


_ID = {
    "signup": "external_id",
    "conversion": "event_id",
    "refund": "event_id",
    "dispute": "event_id",
    "dispute_outcome": "event_id",
    "redemption": "event_id",
    "redemption_reversal": "event_id",
    "fulfilment": "event_id",
}
