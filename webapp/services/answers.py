"""What the API answered first is what it answers for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.domain.seals import Sealer
from webapp.models import ApiAnswer, Model
from webapp.services.erased_ids import sealed_answer
from webapp.services.rows import append
from webapp.transactions import at_the_end, connection_of

Operation = Literal[
    "signup",
    "conversion",
    "refund",
    "dispute",
    "dispute_outcome",
    "redemption",
    "redemption_reversal",
    "fulfilment",
]


class OtherContentError(Exception):
    """The same id was sent before with other content."""


_ANSWERS = Model.metadata.tables["api_answers"]
# Built once, at some cost.
_FIRST_ANSWER = select(_ANSWERS.c.content_hash, _ANSWERS.c.body).where(
    _ANSWERS.c.program_id == bindparam("program"),
    _ANSWERS.c.operation == bindparam("asked"),
    _ANSWERS.c.subject == bindparam("named"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `subject` is the business's own id, `content_hash` tells the same fields from others."""

    operation: Operation
    subject: str
    content_hash: str


def find_sealed_answer(session: Session, program_id: UUID, question: Question, sealer: Sealer) -> str | None:
    """Return the first answer to this very question when its person was erased since, with the seals in it."""
    sealed = sealed_answer(sealer, question.operation, question.subject, question.content_hash)
    asked = {"program": program_id, "asked": question.operation, "named": sealed["subject"]}
    found = connection_of(session).execute(_FIRST_ANSWER, asked).one_or_none()
    if found is None or sealer.seal("content", found.content_hash) != sealed["content_hash"]:
        return None
    body: str = found.body
    return body


def find_answer(session: Session, program_id: UUID, question: Question, sealer: Sealer | None = None) -> str | None:
    """Return the first answer to this very question, None when there is none. Raises OtherContentError.

    `sealer` knows what was asked when that has been sealed since: services.old_details.
    """
    found = (
        connection_of(session)
        .execute(
            _FIRST_ANSWER,
            {"program": program_id, "asked": question.operation, "named": question.subject},
        )
        .one_or_none()
    )
    if found is None:
        return None
    sealed = sealer.seal("content", question.content_hash) if sealer else question.content_hash
    if found.content_hash not in (question.content_hash, sealed):
        raise OtherContentError
    body: str = found.body
    return body


def keep_answer(session: Session, program_id: UUID, question: Question, body: str, now: datetime) -> None:
    """Keep the first answer, in the transaction of what it tells of, at its end."""
    row = {
        "program_id": program_id,
        "operation": question.operation,
        "subject": question.subject,
        "content_hash": question.content_hash,
        "body": body,
        "created_at": now,
    }
    at_the_end(session, lambda session: append(session, ApiAnswer, [row]))
