"""What the API answered first is what it answers for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import ApiAnswer, Program
from webapp.services.queues import queue_for
from webapp.services.rows import append

Operation = Literal["signup", "conversion", "refund"]


class OtherContentError(Exception):
    """The same id was sent before with other content."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `subject` is the business's own id, `content_hash` tells the same fields from others."""

    operation: Operation
    subject: str
    content_hash: str


def find_answer(session: Session, program: Program, question: Question) -> str | None:
    """Return the first answer to this very question, None when it is the first time.

    Until the transaction ends nobody else answers it. Raises OtherContentError.
    """
    queue_for(session, program, f"{question.operation}:{question.subject}")
    found = session.execute(
        select(ApiAnswer.content_hash, ApiAnswer.body).where(
            ApiAnswer.program_id == program.id,
            ApiAnswer.operation == question.operation,
            ApiAnswer.subject == question.subject,
        )
    ).one_or_none()
    if found is None:
        return None
    if found.content_hash != question.content_hash:
        raise OtherContentError
    body: str = found.body
    return body


def keep_answer(session: Session, program: Program, question: Question, body: str, now: datetime) -> None:
    """Keep the first answer, in the transaction of what it tells of."""
    row = {
        "program_id": program.id,
        "operation": question.operation,
        "subject": question.subject,
        "content_hash": question.content_hash,
        "body": body,
        "created_at": now,
    }
    append(session, ApiAnswer, [row])
