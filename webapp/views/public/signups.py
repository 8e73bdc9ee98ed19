"""Joining the program."""

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import flask
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clicks import visitors
from webapp.clicks.recording import record_visit, seen_now
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.codes import code_key
from webapp.domain.consent import may_set_cookie
from webapp.extensions import db
from webapp.forms.sign_up import SignUpForm
from webapp.limits import count_sign_up, count_unknown_code
from webapp.mailed_links import draw_link
from webapp.models import Link, User
from webapp.passwords import hash_password
from webapp.queries.clicks import has_clicked_since, link_of
from webapp.queries.links import find_live_link, referrer_of
from webapp.services.clicks import SAME_VISIT
from webapp.services.email_addresses import ask_to_verify
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.outbox import queue_mail
from webapp.services.people import EmailTakenError, change_profile
from webapp.services.signups import CameBy, sign_up
from webapp.signed_in import sign_in_browser
from webapp.signing import read_id, sign_id
from webapp.views.offer_words import offer_words
from webapp.web import asked_language, load_program, render, start_url

bp = Blueprint("signups", __name__, url_prefix="/signup")

# Where the cookie keeps when the page was opened.
_OPENED_AT = "signup_opened_at"


@bp.get("", strict_slashes=False)
def new() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(start_url(current_user.role))
    opened = _opened_link()
    form = SignUpForm(formdata=None, ref=opened.code if opened else "")
    arrived_by = _click_of_address()
    if not may_set_cookie(visitors.consent_mode(load_program())):
        # The address of the form remembers the click, so it has to be there before the page is made.
        recorded = record_visit(load_program(), opened) if opened and not arrived_by else None
        _remember_opening()
        return _page(form, opened, recorded.click_id if recorded else arrived_by)
    response = _page(form, opened, arrived_by)
    visitor_id = _count_as_click(opened) if opened and not arrived_by else None
    _remember_opening()
    if visitor_id:
        visitors.remember(response, visitor_id, load_program().window_days)
    return response


@bp.post("", strict_slashes=False)
def create() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(start_url(current_user.role), code=303)
    opened, arrived_by, form = _opened_link(), _click_of_address(), SignUpForm()
    typed = _typed_link(form, opened) if form.validate() else None
    if form.errors:
        return _page(form, opened, arrived_by, status=422)
    # Mistakes in the fields cost nothing; what could tell which addresses have an account does.
    count_sign_up()
    visitor_id = visitors.known_visitor(load_program())
    # What the browser remembers is its own; an address may have been passed on.
    came_by = CameBy(typed=typed, opened=opened, visitor_id=visitor_id, click_id=None if visitor_id else arrived_by)
    came_by = replace(came_by, seen=seen_now(), began_at=_opened_at())
    password_hash, token = hash_password(form.password.data), secrets.token_urlsafe(32)
    link_id, link_token = draw_link("verify_email")
    try:
        with write_transaction() as session:
            friend = sign_up(
                session,
                load_program(),
                name=form.name.data,
                email=form.email.data,
                password_hash=password_hash,
                came_by=came_by,
                choose=secrets.choice,
                now=utc_now(),
            ).user
            # Mails come without a browser that says what it asks for.
            change_profile(session, friend, name=friend.name, language=asked_language())
            with suppress(MailedTooOftenError):
                # They are asked on their first page too, where they can have the mail later.
                ask_to_verify(session, friend, link_id=link_id, token=link_token, now=utc_now())
            sign_in_browser(session, friend, token, seen=came_by.seen, now=utc_now())
    except EmailTakenError as taken:
        _tell_owner(taken.user.id)
        form.email.errors = [
            _("This address cannot open a new account. If it is yours, sign in; we have sent it a mail that says how.")
        ]
        return _page(form, opened, arrived_by, status=422)
    response = redirect(start_url(current_user.role), code=303)
    if visitors.COOKIE in request.cookies:
        # Whoever uses this browser next is somebody else.
        visitors.forget(response)
    return response


def _remember_opening() -> None:
    """Keep in the browser, signed, when the page was opened, so that a click that comes later can be told.

    Called when the click that the opening is itself has been recorded. Who opens it again, by another link perhaps,
    begins again: only the page that is sent counts.
    """
    flask.session[_OPENED_AT] = utc_now().isoformat()


def _opened_at() -> datetime | None:
    try:
        return datetime.fromisoformat(flask.session.get(_OPENED_AT, ""))
    except ValueError:
        return None


def _opened_link() -> Link | None:
    """Return the link that the page was opened with, by `?ref=` in its address."""
    code = request.args.get("ref", "")
    link = find_live_link(db.session(), load_program().id, code)
    if code and link is None:
        count_unknown_code()
    return link


def _click_of_address() -> UUID | None:
    """Return the click that `?gv=` in the page's address names, if it is one on the link that `?ref=` names."""
    click_id = read_id("click", request.args.get("gv", ""))
    clicked = link_of(db.session(), load_program().id, click_id) if click_id else None
    # By its code: a link that was retired meanwhile was alive when it was clicked.
    return click_id if clicked and clicked.code_key == code_key(request.args.get("ref", "")) else None


def _typed_link(form: SignUpForm, opened: Link | None) -> Link | None:
    """Return the link whose code was typed. The code the page was opened with is no typed one."""
    code = form.ref.data or ""
    if not code or code_key(code) == code_key(request.args.get("ref", "")):
        return None
    link = find_live_link(db.session(), load_program().id, code)
    if link is None:
        count_unknown_code()
        form.ref.errors = [_("No link has this code. Correct it or leave it empty; you can join without one.")]
    return None if link is None or (opened and link.id == opened.id) else link


def _count_as_click(link: Link) -> UUID | None:
    """Record the opening of this page as a click, unless it belongs to one. Returns the visitor of a new click."""
    known = visitors.known_visitor(load_program())
    if known and has_clicked_since(db.session(), link.id, known, utc_now() - SAME_VISIT):
        return None
    recorded = record_visit(load_program(), link)
    return recorded.visitor_id if recorded else None


def _tell_owner(user_id: UUID) -> None:
    """Mail the owner of an address that someone tried to join with, at most once a day."""
    now = utc_now()
    with write_transaction() as session:
        queue_mail(
            session,
            session.get_one(User, user_id),
            "address_already_used",
            dedupe_key=f"address_already_used:{user_id}:{now:%Y-%m-%d}",
            now=now,
        )


def _page(form: SignUpForm, opened: Link | None, click_id: UUID | None, *, status: int = 200) -> Response:
    """Return the page. `click_id` is the click that its form's address carries on, None when there is none."""
    return render(
        "public/signups/new.html",
        status=status,
        form=form,
        opened_ref=opened.code if opened else None,
        invitation=referrer_of(db.session(), opened) if opened else None,
        # What whoever comes through a friend gets for it.
        gift=offer_words(load_program()).told_friend if opened else "",
        action=url_for(".create", ref=opened.code if opened else None, gv=_signed(click_id)),
    )


def _signed(click_id: UUID | None) -> str | None:
    return sign_id("click", click_id) if click_id else None
