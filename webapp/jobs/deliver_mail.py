"""Send what waits in the outbox."""

import random
import threading
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.mail_kinds import Unsent, is_muted
from webapp.extensions import db
from webapp.jobs.stopping import is_stopping, stopping
from webapp.logs import log
from webapp.mail import NothingToSayError, compose
from webapp.mail_transport import RefusedError, Transport, TroubleError, code_of, transport_for
from webapp.models import MailedLink, OutboxMail, User
from webapp.services.leases import LEASE
from webapp.services.mailed_links import is_good
from webapp.services.outbox import claim_mail, drop_mail, due_mails, mark_failed, mark_sent

AT_ONCE = 50
# A round ends in good time for the lease to be renewed, however slow the mail server is; and the last one in time for
# the process to end by itself.
ROUND, LAST_ROUND = LEASE / 6, timedelta(seconds=1)
# How long a server that cannot be talked to is left alone. Only the mail that met it has lost a try.
REST = timedelta(seconds=30)
_REST_UNTIL = "grapevine_mail_rest_until"


def deliver_mail(now: datetime) -> int:
    """Send the mails that are due; returns how many left. One that fails goes back and never blocks the others."""
    began, last = utc_now(), is_stopping()
    # Nor longer, when the clock was set back meanwhile.
    if timedelta() < current_app.extensions.get(_REST_UNTIL, began) - began <= REST:
        return 0
    due = due_mails(db.session(), now, limit=AT_ONCE)
    # Nothing is kept open until the next round.
    db.session.rollback()
    return _deliver_in_turn(due, now, began, LAST_ROUND if last else ROUND, stopping()) if due else 0


def _deliver_in_turn(due: list[UUID], now: datetime, began: datetime, longest: timedelta, stop: threading.Event) -> int:
    sent, last = 0, stop.is_set()
    host = current_app.extensions["grapevine_config"].host
    with transport_for(current_app.config["MAIL_URL"], host=host, stop=stop) as send:
        for mail_id in due:
            if utc_now() - began > longest or (stop.is_set() and not last):
                break
            with write_transaction() as session:
                # A claim runs from the moment it is made, not from the beginning of the round.
                claimed = claim_mail(session, mail_id, max(now, utc_now()))
            try:
                sent += claimed and _deliver(mail_id, send)
            except TroubleError:
                current_app.extensions[_REST_UNTIL] = utc_now() + REST
                break
    db.session.rollback()
    return sent


def _deliver(mail_id: UUID, send: Transport) -> bool:
    mail = db.session.get_one(OutboxMail, mail_id)
    # Its row may be gone by the time it has left: its reader was erased, or an invitation withdrawn.
    template = mail.template
    user = db.session.get_one(User, mail.user_id)
    link = db.session.scalars(select(MailedLink).where(MailedLink.mail_id == mail_id)).one_or_none()
    if because := _why_not(mail, user, link):
        return _drop(mail_id, because)
    try:
        # Composing belongs to the try: a mail that cannot be put into words must not stop the ones behind it.
        message = compose(user, mail.template, email=mail.email, link=link, mail=mail)
        # The server may take its time; nothing is kept open meanwhile.
        db.session.rollback()
        send(message)
    except NothingToSayError:
        return _drop(mail_id, "over")
    except RefusedError as error:
        log.warning("mail_refused", mail_id=str(mail_id), code=code_of(error.__cause__))
        return _drop(mail_id, "refused")
    except Exception as error:
        with write_transaction() as session:
            again = mark_failed(session, mail_id, utc_now(), jitter=random.random)
        cause = error.__cause__ or error
        log.warning("mail_failed", mail_id=str(mail_id), error=type(cause).__name__, code=code_of(cause), again=again)
        if isinstance(error, TroubleError):
            raise
        return False
    with write_transaction() as session:
        mark_sent(session, mail_id, utc_now())
    log.info("mail_sent", mail_id=str(mail_id), template=template)
    return True


def _why_not(mail: OutboxMail, user: User, link: MailedLink | None) -> Unsent | None:
    """Return why nobody needs a mail any more; None when somebody does."""
    if user.erased_at is not None or (link is not None and not is_good(link, utc_now())):
        return "over"
    return "muted" if is_muted(mail.template, user.muted_mails) else None


def _drop(mail_id: UUID, because: Unsent) -> bool:
    with write_transaction() as session:
        drop_mail(session, mail_id, utc_now(), because=because)
    return False
