"""Something worth a reward happened, or is asked about."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.models import Conversion
from webapp.queries.conversions import Decided, decisions_of, find_by_event, refunds_of
from webapp.queries.people import find_person_id
from webapp.queries.rewards import rewards_of_conversion
from webapp.services.answers import Question
from webapp.services.conversions import Event, EventTakenError, OrderTakenError, record_conversion
from webapp.services.reward_steps import Actor
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_again, answer_once, taken
from webapp.views.api.presenting import explain, in_english, present_conversion, present_reward, respond
from webapp.views.api.reading import read_body
from webapp.views.api.schemas import ConversionBody

bp = Blueprint("conversions", __name__, url_prefix="/conversions")


@bp.post("")
def create() -> Response:
    body = read_body(ConversionBody)
    with write_transaction() as session:
        answer = tell_conversion(session, caller().program_id, body, actor=caller().actor, now=utc_now())
    return respond(*answer)


def tell_conversion(
    session: Session, program_id: UUID, body: ConversionBody, *, actor: Actor, now: datetime
) -> tuple[str, int]:
    """Record a conversion and return the answer, body and status; all that happens in its transaction."""
    event = Event(
        type=body.type,
        occurred_at=body.occurred_at or now,
        event_id=body.event_id,
        amount=body.money,
        order_id=body.order_id,
        details=body.metadata,
    )
    user_id = find_person_id(
        session, program_id, external_id=body.user.external_id, email=body.user.email, person_id=body.user.id
    )
    question = Question("conversion", body.event_id, body.content_hash())
    if user_id is None:
        again = answer_again(session, program_id, question, event=body.event_id, order=body.order_id)
        if again is not None:
            return again
    return answer_once(
        session, program_id, question, lambda: _record(session, program_id, body, event, user_id, actor, now), now=now
    )


def _record(
    session: Session,
    program_id: UUID,
    body: ConversionBody,
    event: Event,
    user_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> tuple[answers.Conversion, int]:
    try:
        recorded = record_conversion(session, program_id, event, user_id=user_id, actor=actor, now=now)
    except EventTakenError:
        raise taken("event_id", "was sent before") from None
    except OrderTakenError:
        raise taken("order_id", f"has a {body.type} already; an order is rewarded once") from None
    conversion = answers.ConversionPart(
        id=recorded.conversion_id,
        event_id=body.event_id,
        type=body.type,
        amount=body.amount,
        currency=body.currency,
    )
    rewards = [present_reward(row) for row in recorded.rewards]
    return answers.Conversion(conversion=conversion, rewards=rewards, explanation=explain(recorded.decisions)), 201


@bp.get("/<event_id>")
def show(event_id: str) -> Response:
    session, conversion = db.session(), _find(event_id)
    refunded, _count = refunds_of(session, conversion.id)
    return respond(
        answers.ConversionNow(
            conversion=present_conversion(conversion),
            rewards=[present_reward(row) for row in rewards_of_conversion(session, conversion.id)],
            explanation=explain(decisions_of(session, conversion.id)),
            refunded=refunded,
        )
    )


@bp.get("/<event_id>/explanation")
def show_explanation(event_id: str) -> Response:
    conversion = _find(event_id)
    return respond(
        answers.ConversionExplanation(
            event_id=event_id,
            explanation=[
                answers.FullExplanation(
                    rule=decided.rule_key,
                    version=decided.version.number if decided.version else None,
                    side=decided.side,  # type: ignore[arg-type]
                    kind=decided.version.definition.reward if decided.version else None,
                    code=decided.code,
                    text=in_english(decided.because),
                    **_money(None if _gives_coupons(decided) else decided.amount),
                    facts=answers.Facts(
                        type=decided.facts.type,
                        occurred_at=decided.facts.occurred_at,
                        **_money(decided.facts.amount),
                        nth_purchase=decided.facts.nth_purchase,
                        friends=decided.facts.friends,
                        is_new_friend=None if decided.facts.friends is None else decided.facts.is_new_friend,
                        beaten_by=decided.facts.beaten_by.rule if decided.facts.beaten_by else None,
                    ),
                )
                for decided in decisions_of(db.session(), conversion.id)
            ],
        )
    )


def _find(event_id: str) -> Conversion:
    conversion = find_by_event(db.session(), caller().program_id, event_id)
    if conversion is None:
        raise ProblemError(404, "There is no conversion with this event id.")
    return conversion


def _gives_coupons(decided: Decided) -> bool:
    """Say whether a rule's rewards have no amount; the zero that is decided of them is of no currency."""
    return decided.version is not None and decided.version.definition.reward == "coupon"


def _money(amount: Money | None) -> dict[str, object]:
    return {"amount": amount.minor if amount else None, "currency": amount.currency if amount else None}
