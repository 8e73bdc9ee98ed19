"""The friend's bank took the money back; and how that ended."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from flask import Blueprint, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain import outcomes
from webapp.domain.money import Money
from webapp.domain.seals import with_words_replaced
from webapp.domain.sentences import Sentence, plain
from webapp.errors import ProblemError
from webapp.queries.sealed_ids import is_sealed_dispute
from webapp.services.answers import Question
from webapp.services.disputes import (
    Decided,
    DisputeDecidedError,
    OutcomeReport,
    OutcomeTakenError,
    record_outcome,
)
from webapp.services.refunds import RefundReport
from webapp.services.reward_steps import Actor
from webapp.signing import sealer
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_once, taken
from webapp.views.api.presenting import respond
from webapp.views.api.reading import read_body
from webapp.views.api.refunds import content_of, explain_taking, record, reversals, sealed_of, unsealed
from webapp.views.api.schemas import DisputeBody, Id, OutcomeBody

bp = Blueprint("disputes", __name__, url_prefix="/disputes")

_AN_ID = TypeAdapter(Id)


@bp.post("")
def create() -> Response:
    body = read_body(DisputeBody)
    with write_transaction() as session:
        answer = tell_dispute(session, caller().program_id, body, actor=caller().actor, now=utc_now())
    return respond(*answer)


@bp.post("/<event_id>/outcome")
def create_outcome(event_id: str) -> Response:
    body = read_body(OutcomeBody)
    try:
        _AN_ID.validate_python(event_id)
    except ValidationError:
        raise ProblemError(404, "No dispute can have this event id.") from None
    with write_transaction() as session:
        answer = tell_outcome(session, caller().program_id, event_id, body, actor=caller().actor, now=utc_now())
    return respond(*answer)


def tell_dispute(
    session: Session, program_id: UUID, body: DisputeBody, *, actor: Actor, now: datetime
) -> tuple[str, int]:
    """Record a dispute and return the answer, body and status; all that happens in its transaction."""
    ids = sealed_of(session, program_id, "dispute", body)
    kept = body.model_copy(update=ids)
    question = Question("dispute", kept.event_id, content_of(body.content_hash(), ids))
    text, status = answer_once(
        session, program_id, question, lambda: _record(session, program_id, kept, actor, now), now=now
    )
    return unsealed(text, ids, body), status


def tell_outcome(
    session: Session, program_id: UUID, dispute_event_id: str, body: OutcomeBody, *, actor: Actor, now: datetime
) -> tuple[str, int]:
    """Record how a dispute ended and return the answer, body and status; all that happens in its transaction."""
    # Of another dispute it is other content.
    content = sha256(f"{body.content_hash()} {dispute_event_id}".encode()).hexdigest()
    seals, words, kept = sealer(), {}, body
    if is_sealed_dispute(session, program_id, seals, dispute_event_id):
        # About what somebody bought who was erased: kept as the dispute is.
        sealed, own = seals.seal("dispute", dispute_event_id), seals.seal("outcome", body.event_id)
        words = {sealed: dispute_event_id, own: body.event_id}
        kept, dispute_event_id = body.model_copy(update={"event_id": own}), sealed
    question = Question("dispute_outcome", kept.event_id, content_of(content, words))
    text, status = answer_once(
        session,
        program_id,
        question,
        lambda: _record_outcome(session, program_id, dispute_event_id, kept, actor, now),
        now=now,
    )
    return with_words_replaced(text, words), status


def _record(
    session: Session, program_id: UUID, body: DisputeBody, actor: Actor, now: datetime
) -> tuple[answers.Dispute, int]:
    report = RefundReport(
        event_id=body.event_id,
        occurred_at=body.occurred_at or now,
        order_id=body.order_id,
        conversion_event_id=body.conversion_event_id,
        wanted_minor=body.amount,
        kind="dispute",
    )
    disputed = record(session, program_id, report, actor=actor, now=now)
    explanation = explain_taking(disputed, body.amount, waits=outcomes.DISPUTE_WAITS)
    if disputed.is_won:
        explanation = [_told("won_before", outcomes.DISPUTE_WON_BEFORE)]
    answer = answers.Dispute(
        dispute=answers.DisputePart(
            id=disputed.refund_id,
            event_id=body.event_id,
            conversion_event_id=disputed.conversion_event_id,
            order_id=body.order_id,
            amount=disputed.applied_minor,
            currency=disputed.currency,
        ),
        reversals=reversals(disputed.taken_back),
        explanation=explanation,
    )
    return answer, 202 if disputed.conversion_id is None else 201


def _record_outcome(
    session: Session, program_id: UUID, dispute_event_id: str, body: OutcomeBody, actor: Actor, now: datetime
) -> tuple[answers.DisputeOutcome, int]:
    report = OutcomeReport(body.event_id, dispute_event_id, body.outcome, body.occurred_at or now)
    try:
        decided = record_outcome(session, program_id, report, actor=actor, now=now)
    except OutcomeTakenError:
        raise taken("event_id", "was sent before") from None
    except DisputeDecidedError:
        raise taken("outcome", "of this dispute was told before, by another event") from None
    answer = answers.DisputeOutcome(
        outcome=answers.OutcomePart(
            id=decided.outcome_id,
            event_id=body.event_id,
            dispute_event_id=dispute_event_id,
            outcome=body.outcome,
            conversion_event_id=decided.conversion_event_id,
            amount=decided.restored_minor,
            currency=decided.currency,
        ),
        restored=reversals(decided.given_back),
        explanation=_explain(decided, body.outcome),
    )
    return answer, 202 if decided.restored_minor is None else 201


def _explain(decided: Decided, outcome: str) -> list[answers.RuleExplanation]:
    if decided.restored_minor is None:
        return [_told("waiting", outcomes.OUTCOME_WAITS)]
    if outcome == "lost":
        return [_told("lost", outcomes.DISPUTE_LOST)]
    told = []
    if decided.restored_minor and decided.currency:
        came_back = Sentence(outcomes.CAME_BACK, {"amount": Money(decided.restored_minor, decided.currency)})
        told.append(_told("won", came_back))
    else:
        told.append(_told("won", outcomes.NOTHING_CAME_BACK if decided.has_parts else outcomes.NO_AMOUNT_CAME_BACK))
    for one in decided.given_back:
        words = outcomes.REWARD_RESTORED if one.taken_as == "reversal" else outcomes.REWARD_CLAWBACK_UNDONE
        told.append(_told("given_back", Sentence(words, {"amount": one.amount}), one.rule_key))
    told += [_told("kept", outcomes.REWARD_STAYS, key) for key in decided.kept]
    return told


def _told(code: str, because: Sentence, rule: str | None = None) -> answers.RuleExplanation:
    return answers.RuleExplanation(rule=rule, code=code, text=plain(because))
