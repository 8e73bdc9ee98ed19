"""A mailed link shows that an address is somebody's: the one they have, or the one they want instead.

Opening the page uses nothing up, so that a scanner of mails may; the button does.
"""

import secrets

from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clicks.recording import seen_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.mailed_links import is_signed
from webapp.models import MailedLink, User
from webapp.services.email_addresses import change_email, verify_email
from webapp.services.mailed_links import find_link
from webapp.services.people import EmailTakenError
from webapp.signed_in import is_linked, sign_in_browser
from webapp.web import hide_address, render

bp = Blueprint("verifications", __name__, url_prefix="/verify")
bp.after_request(hide_address)


@bp.get("/<token>")
def new(token: str) -> Response:
    link = _find(token)
    return _page(link, token) if link else _over()


@bp.post("/<token>")
def create(token: str) -> ResponseReturnValue:
    if is_signed("change_email", token):
        return _change(token)
    with write_transaction() as session:
        user = verify_email(session, token, utc_now()) if is_signed("verify_email", token) else None
        user_id, email = (user.id, user.email) if user else (None, "")
    if user_id is None:
        return _over()
    flash(_("%(email)s is confirmed.", email=email))
    if not current_user.is_authenticated:
        return redirect(url_for("public.sessions.new"), code=303)
    of_referrer = current_user.role == "referrer" and current_user.id == user_id
    return redirect(url_for("referrer.dashboard.index" if of_referrer else "account.sign_in.show"), code=303)


def _change(token: str) -> ResponseReturnValue:
    signed_in_as = current_user.id if current_user.is_authenticated else None
    seen = seen_now()
    try:
        with write_transaction() as session:
            user = change_email(session, token, utc_now())
            stays = user is not None and user.id == signed_in_as
            if user is not None and stays:
                # Everybody else who was signed in as this person no longer is.
                token_now, linked = secrets.token_urlsafe(32), is_linked()
                sign_in_browser(session, user, token_now, seen=seen, linked=linked, now=utc_now())
            changed = user is not None
    except EmailTakenError:
        return render("public/verifications/taken.html", status=422)
    if not changed:
        return _over()
    flash(_("Your account has its new e-mail address. From now on you sign in with it."))
    return redirect(url_for("account.sign_in.show" if stays else "public.sessions.new"), code=303)


def _find(token: str) -> MailedLink | None:
    for purpose in ("verify_email", "change_email"):
        if is_signed(purpose, token):
            return find_link(db.session(), purpose, token, utc_now())
    return None


def _page(link: MailedLink, token: str) -> Response:
    return render(
        "public/verifications/new.html",
        email=link.email,
        person=db.session().get_one(User, link.user_id),
        changes=link.purpose == "change_email",
        is_own=current_user.is_authenticated and current_user.id == link.user_id,
        action=url_for(".create", token=token),
    )


def _over() -> Response:
    return render("public/verifications/over.html", status=410)
