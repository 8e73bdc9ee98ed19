"""Mail links to those who have forgotten their password.

Whoever asks is answered before anybody looks whether there is such an account, so that neither the answer nor the time
it takes can tell.
"""

from datetime import datetime

from sqlalchemy import delete, select

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.logs import log
from webapp.mailed_links import draw_link
from webapp.models import PasswordRequest
from webapp.services.password_changes import answer_request

AT_ONCE = 50


def answer_password_requests(now: datetime) -> int:
    """Answer what was asked for; returns how many requests are gone. One that fails is dropped, the others go on."""
    waiting = db.session.scalars(select(PasswordRequest.id).order_by(PasswordRequest.requested_at).limit(AT_ONCE)).all()
    for request_id in waiting:
        link_id, token = draw_link("reset_password")
        try:
            with write_transaction() as session:
                if request := session.get(PasswordRequest, request_id):
                    answer_request(session, request, link_id=link_id, token=token, now=now)
        except Exception as error:
            log.warning("password_request_failed", error=type(error).__name__)
            with write_transaction() as session:
                session.execute(delete(PasswordRequest).where(PasswordRequest.id == request_id))
    # Nothing is kept open until the next round.
    db.session.rollback()
    return len(waiting)
