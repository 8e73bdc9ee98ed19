"""Reminding admins of what waits for them: nothing of it is ever paid because nobody looked."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from webapp.models import OutboxMail, User
from webapp.queries.cases import open_cases
from webapp.services.outbox import queue_mail

CASES_WAITING = "cases_waiting"
# How long a case waits before anybody is reminded of it, and how long until the next time.
PATIENCE = timedelta(days=3)


def remind_of_cases(session: Session, program_id: UUID, now: datetime) -> int:
    """Queue one mail for each admin when a case has waited for three days, unless they had one since or want none.

    Who was invited and has not accepted is not told: the address may be a typing error. What it says is looked up when
    it is sent. Returns how many.
    """
    if not any(case.since <= now - PATIENCE for case in open_cases(session, program_id)):
        return 0
    last = func.max(OutboxMail.created_at)
    due = session.scalars(
        select(User)
        .outerjoin(OutboxMail, (OutboxMail.user_id == User.id) & (OutboxMail.template == CASES_WAITING))
        .where(User.program_id == program_id, User.role == "admin", User.email_verified_at.is_not(None))
        .group_by(User.id)
        .having(or_(last.is_(None), last <= now - PATIENCE))
        .order_by(User.id)
    ).all()
    keys = {admin: f"{CASES_WAITING}:{admin.id}:{now.isoformat()}" for admin in due}
    mails = [queue_mail(session, admin, CASES_WAITING, dedupe_key=key, now=now) for admin, key in keys.items()]
    return sum(mail is not None for mail in mails)
