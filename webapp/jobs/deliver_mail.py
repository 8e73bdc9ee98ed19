"""Send what waits in the outbox."""

import random
from datetime import datetime
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.logs import log
from webapp.mail import compose, transport_for
from webapp.models import MailedLink, OutboxMail, User
from webapp.services.leases import LEASE
from webapp.services.mailed_links import is_good
from webapp.services.outbox import claim_mail, drop_mail, due_mails, mark_failed, mark_sent

AT_ONCE = 50
# A round ends in good time for the lease to be renewed, however slow the mail server is.
ROUND = LEASE / 6


def deliver_mail(now: datetime) -> int:
    """Send the mails that are due; returns how many left. One that fails goes back and never blocks the others."""
    sent, began = 0, utc_now()
    for mail_id in due_mails(db.session(), now, limit=AT_ONCE):
        if utc_now() - began > ROUND:
            break
        with write_transaction() as session:
            # A claim runs from the moment it is made, not from the beginning of the round.
            claimed = claim_mail(session, mail_id, max(now, utc_now()))
        if claimed:
            sent += _deliver(mail_id)
    # Nothing is kept open until the next round.
    db.session.rollback()
    return sent


def _deliver(mail_id: UUID) -> bool:
    send = transport_for(current_app.config["MAIL_URL"])
    mail = db.session.get_one(OutboxMail, mail_id)
    link = db.session.scalars(select(MailedLink).where(MailedLink.mail_id == mail_id)).one_or_none()
    if link is not None and not is_good(link, utc_now()):
        # Nobody could do anything with it.
        with write_transaction() as session:
            drop_mail(session, mail_id, utc_now())
        return False
    try:
        # Composing belongs to the try: a mail that cannot be put into words must not stop the ones behind it.
        user = db.session.get_one(User, mail.user_id)
        send(compose(user, mail.template, email=mail.email, link=link, at=mail.created_at))
    except Exception as error:
        with write_transaction() as session:
            again = mark_failed(session, mail_id, utc_now(), jitter=random.random)
        log.warning("mail_failed", mail_id=str(mail_id), error=type(error).__name__, again=again)
        return False
    with write_transaction() as session:
        mark_sent(session, mail_id, utc_now())
    log.info("mail_sent", mail_id=str(mail_id), template=mail.template)
    return True
