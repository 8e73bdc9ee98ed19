"""One person of the business, by the id that the business gave them."""

import secrets

from flask import Blueprint, Response, url_for
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.ledger import ACCOUNTS
from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.models import User
from webapp.queries.links import first_link_of
from webapp.queries.people import find_by_external_id
from webapp.queries.referrals import referral_of
from webapp.queries.rewards import balances_of
from webapp.services.sign_in_links import create_sign_in_link
from webapp.views.api import answers
from webapp.views.api.calling import caller
from webapp.views.api.presenting import present_referral, present_user, respond
from webapp.views.api.rewards import rewards_page
from webapp.web import absolute_url

bp = Blueprint("users", __name__, url_prefix="/users")


@bp.get("/<external_id>")
def show(external_id: str) -> Response:
    session = db.session()
    user = find_user(session, external_id)
    referral = referral_of(session, user)
    return respond(
        answers.UserNow(
            user=present_user(user, first_link_of(session, user.id)),
            referral=present_referral(referral) if referral else None,
            balances=[
                answers.Balance(
                    currency=currency,
                    **{account: accounts.get(account, 0) for account in ACCOUNTS if account != "expense"},
                )
                for currency, accounts in balances_of(session, user.id).items()
            ],
        )
    )


@bp.get("/<external_id>/rewards")
def rewards(external_id: str) -> Response:
    return rewards_page(beneficiary_id=find_user(db.session(), external_id).id)


@bp.post("/<external_id>/sign-in-link")
def create_link(external_id: str) -> Response:
    token = secrets.token_urlsafe(32)
    with write_transaction() as session:
        user = find_user(session, external_id)
        if user.role != "referrer":
            raise ProblemError(403, "Only referrers are signed in like this; this person is not one.")
        expires_at = create_sign_in_link(session, user, token, utc_now()).expires_at
    url = absolute_url(url_for("public.sign_in_links.use", token=token))
    return respond(answers.SignInLink(url=url, expires_at=expires_at), 201)


def find_user(session: Session, external_id: str) -> User:
    """Return the person whom the business calls so. Raises ProblemError 404."""
    user = find_by_external_id(session, caller().program_id, external_id)
    if user is None:
        raise ProblemError(404, "There is nobody with this external id.")
    return user
