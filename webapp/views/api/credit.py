"""Store credit: how much somebody has, and that they spent it."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.errors import FieldProblem, ProblemError
from webapp.extensions import db
from webapp.queries.credit import credit_of
from webapp.services.answers import Operation, Question
from webapp.services.redemptions import (
    NotEnoughCreditError,
    RedemptionTakenError,
    RedemptionUndoneError,
    Spent,
    UnknownRedemptionError,
    redeem_credit,
    undo_redemption,
)
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_once, taken
from webapp.views.api.presenting import respond
from webapp.views.api.reading import read_body
from webapp.views.api.schemas import RedemptionBody
from webapp.views.api.users import find_user

bp = Blueprint("credit", __name__, url_prefix="/users/<external_id>/credit")


@bp.get("")
def show(external_id: str) -> Response:
    session = db.session()
    found = credit_of(session, find_user(session, external_id).id)
    return respond(
        answers.Credit(
            balances=[
                answers.CreditBalance(
                    currency=one.currency,
                    available=one.available,
                    pending=one.pending,
                    held=one.held,
                    approved=one.approved,
                    redeemed=one.redeemed,
                    clawback=one.clawback,
                )
                for one in found
            ]
        )
    )


@bp.post("/redemptions")
def create(external_id: str) -> Response:
    body, now = read_body(RedemptionBody), utc_now()

    def redeem(session: Session, user_id: UUID) -> Spent:
        try:
            return redeem_credit(
                session,
                caller().program_id,
                user_id,
                Money(body.amount, body.currency),
                event_id=body.event_id,
                occurred_at=body.occurred_at or now,
                actor=caller().actor,
                now=now,
            )
        except RedemptionTakenError:
            raise taken("event_id", "was sent before") from None
        except NotEnoughCreditError as error:
            problem = f"is more than the {error.available} that are available ({error.available.minor} in minor units)"
            raise ProblemError(
                422, f"amount {problem}. Nothing was written.", [FieldProblem(("amount",), problem)]
            ) from None

    return _answer("redemption", external_id, body.event_id, body.content_hash(), redeem, now)


@bp.post("/redemptions/<event_id>/reversal")
def create_reversal(external_id: str, event_id: str) -> Response:
    now = utc_now()

    def undo(session: Session, user_id: UUID) -> Spent:
        try:
            return undo_redemption(session, caller().program_id, user_id, event_id, actor=caller().actor, now=now)
        except UnknownRedemptionError:
            raise ProblemError(404, "This person has no redemption with this event id.") from None
        except RedemptionUndoneError:
            raise taken("event_id", "was undone before") from None

    return _answer("redemption_reversal", external_id, event_id, "", undo, now)


def _answer(
    operation: Operation,
    external_id: str,
    event_id: str,
    content: str,
    make: Callable[[Session, UUID], Spent],
    now: datetime,
) -> Response:
    """Do it once, and answer as the first time; the person belongs to the content."""
    with write_transaction() as session:
        user = find_user(session, external_id)
        question = Question(operation, event_id, sha256(f"{user.id} {content}".encode("ascii")).hexdigest())
        answer = answer_once(
            session, caller().program_id, question, lambda: (_present(make(session, user.id)), 201), now=now
        )
    return respond(*answer)


def _present(spent: Spent) -> answers.Redemption:
    return answers.Redemption(
        redemption=answers.RedemptionPart(
            id=spent.id,
            event_id=spent.event_id,
            amount=spent.amount.minor,
            currency=spent.amount.currency,
            occurred_at=spent.occurred_at,
        ),
        rewards=[
            answers.RedeemedReward(reward_id=part.reward_id, amount=part.amount.minor, status=part.status)
            for part in spent.parts
        ],
    )
