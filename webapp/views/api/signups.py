"""A person signed up at the business's own site."""

import secrets
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Response, current_app
from sqlalchemy.orm import Session

from webapp.clicks.visits import visits_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain import outcomes
from webapp.domain.explain import attribution_for_admin
from webapp.domain.sentences import Sentence, plain
from webapp.models import Program
from webapp.queries.clicks import link_of
from webapp.queries.coupon_codes import find_coupon_link
from webapp.queries.links import find_live_link, first_link_of
from webapp.services.answers import Question
from webapp.services.reported_signups import (
    ExternalIdTakenError,
    OtherAccountError,
    Reported,
    SignupReport,
    report_signup,
)
from webapp.services.reward_steps import Actor
from webapp.services.sightings import UNSEEN, Seen
from webapp.services.signups import CameBy
from webapp.signing import read_id
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.once import answer_again, answer_once, taken
from webapp.views.api.presenting import in_english, present_referral, present_reward, present_user, respond
from webapp.views.api.reading import read_body
from webapp.views.api.schemas import SignupBody

bp = Blueprint("signups", __name__, url_prefix="/signups")


@bp.post("")
def create() -> Response:
    body = read_body(SignupBody)
    now = utc_now()
    seen = visits_of(current_app).see(body.ip, body.user_agent, visitor_id=None, now=now)
    with write_transaction() as session:
        program = session.get_one(Program, caller().program_id)
        answer = tell_signup(session, program, body, seen=seen, actor=caller().actor, now=now)
    return respond(*answer)


def tell_signup(
    session: Session, program: Program, body: SignupBody, *, actor: Actor, now: datetime, seen: Seen = UNSEEN
) -> tuple[str, int]:
    """Record a signup and return the answer, body and status; all that happens in its transaction."""
    question = Question("signup", body.external_id, body.content_hash())
    if again := answer_again(session, program.id, question, person=body.external_id):
        return again
    return answer_once(
        session, program.id, question, lambda: _record(session, program, body, seen, actor, now), now=now
    )


def _record(
    session: Session, program: Program, body: SignupBody, seen: Seen, actor: Actor, now: datetime
) -> tuple[answers.Signup, int]:
    came_by, left_aside = _how_they_came(session, program, body)
    report = SignupReport(
        external_id=body.external_id, email=body.email, name=body.name, signed_up_at=body.occurred_at or now
    )
    try:
        reported = report_signup(
            session,
            program,
            report,
            came_by=replace(came_by, seen=seen),
            choose=secrets.choice,
            actor=actor,
            now=now,
        )
    except ExternalIdTakenError:
        raise taken("external_id", "belongs to somebody else") from None
    except OtherAccountError:
        raise taken("email", "has an account that cannot take this external_id") from None
    answer = answers.Signup(
        user=present_user(reported.user, first_link_of(session, reported.user.id)),
        referral=present_referral(reported.referral) if reported.referral else None,
        rewards=[present_reward(row) for row in reported.recorded.rewards] if reported.recorded else [],
        explanation=left_aside + _explain(program, reported, anything_left_aside=bool(left_aside)),
    )
    return answer, 201


def _how_they_came(session: Session, program: Program, body: SignupBody) -> tuple[CameBy, list[answers.Explanation]]:
    """Look up what was told of how the person came. What is unknown is left aside, and said."""
    typed = find_live_link(session, program.id, body.referral_code) if body.referral_code else None
    coupon = find_coupon_link(session, program.id, body.coupon_code) if body.coupon_code else None
    click_id = read_id("click", body.click_id) if body.click_id else None
    clicked = link_of(session, program.id, click_id) if click_id else None
    left_aside = []
    if body.referral_code and typed is None:
        left_aside.append(_told("unknown_code", outcomes.UNKNOWN_CODE))
    if body.coupon_code and coupon is None:
        left_aside.append(_told("unknown_coupon", outcomes.UNKNOWN_COUPON))
    if body.click_id and click_id is None:
        left_aside.append(_told("unknown_click", outcomes.UNKNOWN_CLICK))
    elif click_id and clicked is None:
        left_aside.append(_told("unknown_click", outcomes.FORGOTTEN_CLICK))
    if typed and clicked and clicked.id == typed.id:
        # A page passes on both as they stood in its address: then nobody typed the code.
        typed = None
    return CameBy(typed=typed, coupon=coupon, click_id=click_id), left_aside


def _explain(program: Program, reported: Reported, *, anything_left_aside: bool) -> list[answers.Explanation]:
    told = []
    # “Came without a link” would contradict the code that was sent and left aside.
    if not (reported.reason == "not_referred" and anything_left_aside):
        words = attribution_for_admin(
            reported.reason,
            reported.referral.method if reported.referral and reported.reason == "credited" else None,
            model=program.attribution_model,
            window_days=program.window_days,
        )
        told.append(_told(reported.reason, words))
    if reported.recorded and reported.referral:
        told += [
            answers.Explanation(code=decided.code, text=in_english(decided.because))
            for decided in reported.recorded.decisions
        ]
    return told


def _told(code: str, because: Sentence) -> answers.Explanation:
    return answers.Explanation(code=code, text=plain(because))
