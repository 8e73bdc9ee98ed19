"""Signups that happened at the business's own site."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.mailbox import mailbox_key
from webapp.models import Program, Referral, User
from webapp.queries.people import find_by_email, find_by_external_id
from webapp.queries.referrals import referral_of
from webapp.services.conversions import Recorded
from webapp.services.mailed_links import end_links
from webapp.services.outbox import queue_mail
from webapp.services.queues import queue_for
from webapp.services.reward_steps import Actor
from webapp.services.signups import CameBy, sign_up

# What goes to an address whose account nobody has confirmed.
IS_IT_YOURS = "account_reported"


class ExternalIdTakenError(Exception):
    """Somebody else is called that already."""


class OtherAccountError(Exception):
    """The address has an account that cannot take this external id: it has another one, or is not a referrer's."""


@dataclass(frozen=True, slots=True)
class SignupReport:
    """A signup as the business tells it."""

    external_id: str
    email: str
    name: str
    signed_up_at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """Whose account it is and who is credited for it. `recorded` is None for an account that was there before."""

    user: User
    referral: Referral | None
    reason: str
    recorded: Recorded | None


def report_signup(
    session: Session,
    program: Program,
    report: SignupReport,
    *,
    came_by: CameBy,
    choose: Callable[[str], str],
    actor: Actor,
    now: datetime,
) -> Reported:
    """Make an account for someone who signed up elsewhere, or give the one they have its external id.

    Nobody becomes a friend by the second. Raises ExternalIdTakenError or
    OtherAccountError, and then nothing was written.
    """
    # The same mailbox queues in sign_up too; here it also keeps two ids from taking one account.
    names = (f"external:{report.external_id}", f"mailbox:{mailbox_key(report.email)}")
    queue_for(session, program.id, *names)
    if find_by_external_id(session, program.id, report.external_id):
        raise ExternalIdTakenError
    known = find_by_email(session, report.email)
    if known is not None:
        return _adopt(session, program, known, report, now)
    signed_up = sign_up(
        session,
        program,
        name=report.name,
        email=report.email,
        password_hash=None,
        came_by=came_by,
        choose=choose,
        now=now,
        signed_up_at=report.signed_up_at,
        external_id=report.external_id,
        actor=actor,
    )
    return Reported(signed_up.user, signed_up.referral, signed_up.reason, signed_up.recorded)


def _adopt(session: Session, program: Program, user: User, report: SignupReport, now: datetime) -> Reported:
    if user.program_id != program.id or user.external_id is not None or user.role != "referrer":
        raise OtherAccountError
    user.external_id = report.external_id
    session.flush()
    if user.email_verified_at is None and user.password_hash is not None:
        # Perhaps somebody else opened it with this address. What was asked for in the meantime is worth nothing.
        end_links(session, user.id, "change_email", now=now)
        queue_mail(session, user, IS_IT_YOURS, dedupe_key=f"{IS_IT_YOURS}:{user.id}", now=now)
    return Reported(user, referral_of(session, user), "existing_customer", None)
