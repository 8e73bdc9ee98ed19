"""Money went back to a friend."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain import outcomes
from webapp.domain.money import Money
from webapp.domain.seals import with_words_replaced
from webapp.domain.sentences import Sentence, plain
from webapp.errors import FieldProblem, ProblemError
from webapp.queries.sealed_ids import is_about_sealed
from webapp.services.answers import Question
from webapp.services.refunds import AmbiguousOrderError, Refunded, RefundReport, RefundTakenError, record_refund
from webapp.services.reward_steps import Actor
from webapp.services.settling import Part
from webapp.signing import sealer
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_once, taken
from webapp.views.api.presenting import respond
from webapp.views.api.reading import read_body
from webapp.views.api.schemas import RefundBody

bp = Blueprint("refunds", __name__, url_prefix="/refunds")


@bp.post("")
def create() -> Response:
    body = read_body(RefundBody)
    with write_transaction() as session:
        answer = tell_refund(session, caller().program_id, body, actor=caller().actor, now=utc_now())
    return respond(*answer)


def tell_refund(
    session: Session, program_id: UUID, body: RefundBody, *, actor: Actor, now: datetime
) -> tuple[str, int]:
    """Record a refund and return the answer, body and status; all that happens in its transaction."""
    ids = sealed_of(session, program_id, "refund", body)
    kept = body.model_copy(update=ids)
    question = Question("refund", kept.event_id, content_of(body.content_hash(), ids))
    text, status = answer_once(
        session, program_id, question, lambda: _record(session, program_id, kept, actor, now), now=now
    )
    return unsealed(text, ids, body), status


def sealed_of(session: Session, program_id: UUID, kind: str, body: RefundBody) -> dict[str, str]:
    """Return the ids of a refund or dispute as they are kept when it is about what somebody bought who was erased.

    Nothing else: then its own id is sealed too, and what is kept of it says no more than what is kept of the order.
    """
    seals = sealer()
    named = {"order_id": body.order_id, "event_id": body.conversion_event_id}
    if not is_about_sealed(session, program_id, seals, **named):
        return {}
    ids = {"event_id": (kind, body.event_id), "order_id": ("order", body.order_id)}
    ids["conversion_event_id"] = ("event", body.conversion_event_id)
    return {name: seals.seal(of, id_) for name, (of, id_) in ids.items() if id_}


def content_of(content: str, ids: Mapping[str, str]) -> str:
    """Return what tells the content, sealed where the ids are."""
    return sealer().seal("content", content) if ids else content


def unsealed(text: str, ids: Mapping[str, str], sent: RefundBody) -> str:
    """Return an answer with the ids as they were sent."""
    return with_words_replaced(text, {seal: getattr(sent, name) for name, seal in ids.items()})


def _record(
    session: Session, program_id: UUID, body: RefundBody, actor: Actor, now: datetime
) -> tuple[answers.Refund, int]:
    report = RefundReport(
        event_id=body.event_id,
        occurred_at=body.occurred_at or now,
        order_id=body.order_id,
        conversion_event_id=body.conversion_event_id,
        wanted_minor=body.amount,
    )
    refunded = record(session, program_id, report, actor=actor, now=now)
    answer = answers.Refund(
        refund=answers.RefundPart(
            id=refunded.refund_id,
            event_id=body.event_id,
            conversion_event_id=refunded.conversion_event_id,
            order_id=body.order_id,
            amount=refunded.applied_minor,
            currency=refunded.currency,
        ),
        reversals=reversals(refunded.taken_back),
        explanation=explain_taking(refunded, body.amount),
    )
    return answer, 202 if refunded.conversion_id is None else 201


def record(session: Session, program_id: UUID, report: RefundReport, *, actor: Actor, now: datetime) -> Refunded:
    """Record a refund or a dispute. Raises ProblemError when it cannot be, and then nothing was written."""
    try:
        return record_refund(session, program_id, report, actor=actor, now=now)
    except RefundTakenError:
        raise taken("event_id", "was sent before") from None
    except AmbiguousOrderError:
        problem = FieldProblem(("order_id",), "names several conversions; send conversion_event_id instead")
        raise ProblemError(422, f"order_id {problem.msg}. Nothing was written.", [problem]) from None


def reversals(parts: Sequence[Part]) -> list[answers.Reversal]:
    """Return what was taken of rewards, or given back to them."""
    return [
        answers.Reversal(reward_id=one.reward_id, amount=one.amount.minor, currency=one.amount.currency)
        for one in parts
    ]


def explain_taking(
    refunded: Refunded, wanted_minor: int | None, *, waits: Sentence = outcomes.REFUND_WAITS
) -> list[answers.RuleExplanation]:
    """Say what a refund or a dispute did."""
    if refunded.conversion_id is None:
        return [_told("waiting", waits)]
    told = []
    if wanted_minor is not None and refunded.applied_minor is not None and wanted_minor > refunded.applied_minor:
        told.append(_cut_to(refunded))
    for one in refunded.taken_back:
        words = outcomes.REWARD_REVERSED if one.taken_as == "reversal" else outcomes.REWARD_CLAWED_BACK
        told.append(_told(one.taken_as, Sentence(words, {"amount": one.amount}), one.rule_key))
    told += [_told("kept", outcomes.REWARD_KEPT, key) for key in refunded.kept]
    return told or [_told("nothing_earned", outcomes.NOTHING_EARNED)]


def _cut_to(refunded: Refunded) -> answers.RuleExplanation:
    if not refunded.has_parts:
        return _told("cut", outcomes.HAS_NO_PARTS)
    if not refunded.applied_minor or refunded.currency is None:
        return _told("cut", outcomes.NOTHING_LEFT)
    counted = Money(refunded.applied_minor, refunded.currency)
    return _told("cut", Sentence(outcomes.REFUND_CUT, {"amount": counted}))


def _told(code: str, because: Sentence, rule: str | None = None) -> answers.RuleExplanation:
    return answers.RuleExplanation(rule=rule, code=code, text=plain(because))
