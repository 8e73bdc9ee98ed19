"""Turning one kind of mail off by the link in it, without signing in.

Opening the link changes nothing: programs open links too, to look for viruses. The button does, and so does the mail
program of whoever presses its own (RFC 8058): that sends no cookie and no token of a form, and follows no redirection.
"""

from flask import Blueprint, Response, abort, request

from webapp.database import write_transaction
from webapp.domain.mail_kinds import OPTIONAL
from webapp.extensions import csrf, db
from webapp.models import User
from webapp.muting import reader_of
from webapp.services.muting import mute, unmute
from webapp.web import hide_address, render

bp = Blueprint("unwanted_mails", __name__, url_prefix="/mail/off")
# The token in the address is the reader's, and of no use for anything else.
csrf.exempt(bp)
bp.after_request(hide_address)


@bp.get("/<kind>/<token>")
def show(kind: str, token: str) -> Response:
    _reader(kind, token)
    return _page(kind, "asked")


@bp.post("/<kind>/<token>")
def create(kind: str, token: str) -> Response:
    reader_id, again = _reader(kind, token).id, request.form.get("again") == "1"
    with write_transaction() as session:
        # Another kind may be turned off at this moment, or the reader erased.
        reader = session.get_one(User, reader_id, with_for_update={"key_share": True}, populate_existing=True)
        if reader.erased_at is None:
            (unmute if again else mute)(session, reader, kind)
    return _page(kind, "on" if again else "off")


def _reader(kind: str, token: str) -> User:
    reader_id = reader_of(kind, token)
    user = db.session.get(User, reader_id) if reader_id else None
    if user is None or user.erased_at is not None:
        abort(404)
    return user


def _page(kind: str, state: str) -> Response:
    return render("public/unwanted_mails/show.html", kind=OPTIONAL[kind], state=state)
