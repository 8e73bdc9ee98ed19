"""A person's links: several, each with a code and figures of its own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.clicks.destinations import ForeignDestinationError, Origin, allowed_destination, allowed_origins
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.links import LinkForm
from webapp.models import Link, Program
from webapp.queries.coupon_codes import list_coupons
from webapp.queries.links import ListedLink, count_live_links, find_own_link, list_links
from webapp.services.links import (
    MOST_LIVE_LINKS,
    CodeTakenError,
    LastLinkError,
    TooManyLinksError,
    change_link,
    open_link,
    retire_link,
)
from webapp.signed_in import own_row
from webapp.signing import sealer
from webapp.views.referrer.sharing import link_url, qr_file
from webapp.web import load_program, render

bp = Blueprint("links", __name__, url_prefix="/links")

QR_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class LinkCard:
    """One link of the list."""

    link: ListedLink
    url: str
    name: str
    figures: list[tuple[str, str, str]]


@bp.get("")
def index() -> Response:
    program = load_program()
    links = list_links(db.session(), current_user.id, local_day(utc_now(), program.time_zone))
    live = [link for link in links if link.retired_at is None]
    return render(
        "referrer/links/index.html",
        heading=_heading(len(live)),
        live=[_card(link) for link in live],
        retired=[_card(link) for link in links if link.retired_at],
        coupons=[coupon.code for coupon in list_coupons(db.session(), current_user.id) if coupon.retired_at is None],
        may_open=len(live) < MOST_LIVE_LINKS,
        most=MOST_LIVE_LINKS,
    )


@bp.get("/new")
def new() -> Response:
    return _new_page(_form())


@bp.post("")
def create() -> ResponseReturnValue:
    form = _form()
    if not form.validate_on_submit():
        return _new_page(form, status=422)

    def save(session: Session, program: Program) -> Link:
        referrer = own_row(session)
        return open_link(
            session,
            program,
            referrer,
            code=form.code.data or None,
            choose=secrets.choice,
            sealer=sealer(),
            now=utc_now(),
            **_given(form),
        )

    link = _saved(form, save)
    if link is None:
        return _new_page(form, status=422)
    flash(_("The link %(code)s works now. Copy it and send it on.", code=link.code))
    return redirect(url_for(".index"), code=303)


@bp.get("/<uuid:link_id>/edit")
def edit(link_id: UUID) -> Response:
    link = _own_live(link_id)
    return _edit_page(link, _form(link))


@bp.post("/<uuid:link_id>")
def update(link_id: UUID) -> ResponseReturnValue:
    link = _own_live(link_id)
    form, before = _form(link), link.code
    if not form.validate_on_submit():
        return _edit_page(link, form, status=422)

    def save(session: Session, program: Program) -> Link:
        code = form.code.data or before
        own_row(session)
        kept, about = session.get_one(Link, link_id), {"choose": secrets.choice, "sealer": sealer(), "now": utc_now()}
        return change_link(session, program, kept, code=code, **about, **_given(form, kept))

    saved = _saved(form, save)
    if saved is None:
        return _edit_page(_own_live(link_id), form, status=422)
    if saved.id == link_id:
        flash(_("The link %(code)s is changed.", code=saved.code))
    else:
        flash(_("The link %(new)s works now, and %(old)s goes on working too.", new=saved.code, old=before))
    return redirect(url_for(".index"), code=303)


@bp.post("/<uuid:link_id>/retirement")
def retire(link_id: UUID) -> ResponseReturnValue:
    code = _own_live(link_id).code
    try:
        with write_transaction() as session:
            retire_link(session, session.get_one(Link, link_id), now=utc_now())
    except LastLinkError:
        link = _own_live(link_id)
        return _edit_page(link, _form(link, typed=False), is_last=True, status=422)
    flash(_("The link %(code)s is retired. Its figures stay, and nobody else gets its code.", code=code))
    return redirect(url_for(".index"), code=303)


@bp.get("/<uuid:link_id>/qr.<any(svg,png):kind>")
def qr(link_id: UUID, kind: str) -> Response:
    link = _own_live(link_id)
    response = Response(qr_file(link_url(link.code), kind), mimetype=QR_TYPES[kind])
    response.headers.set("Content-Disposition", "attachment", filename=f"qr-{link.code}.{kind}")
    return response


def _own_live(link_id: UUID) -> Link:
    link = find_own_link(db.session(), current_user.id, link_id)
    if link is None or link.retired_at is not None:
        abort(404)
    return link


def _form(link: Link | None = None, *, typed: bool = True) -> LinkForm:
    """Return the form as it was sent, else as the link is. Without other sites to lead to, it asks for no page."""
    values = {"label": link.label, "code": link.code, "destination": link.destination_url} if link else {}
    form = LinkForm(data=values) if typed else LinkForm(formdata=None, data=values)
    form.code_now = link.code if link else None
    if not _other_sites():
        del form.destination
    return form


def _given(form: LinkForm, link: Link | None = None) -> dict[str, str | None]:
    """Return label and destination as they are stored; what was not asked stays as it is."""
    kept = link.destination_url if link else None
    return {
        "label": form.label.data or None,
        "destination_url": (form.destination.data or None) if form.destination else kept,
    }


def _saved(form: LinkForm, save: Callable[[Session, Program], Link]) -> Link | None:
    """Save a link. Returns None when it cannot be, with the reason at the field, or at the form when it is none's."""
    if form.destination and form.destination.data:
        try:
            form.destination.data = allowed_destination(form.destination.data, origins=_origins())
        except ForeignDestinationError:
            form.destination.errors = [
                _("The program does not lead there. Please write a page of the sites named here.")
            ]
            return None
    try:
        with write_transaction() as session:
            link = save(session, load_program())
            session.expunge(link)
            return link
    except CodeTakenError:
        form.code.errors = [_("Another link has this code, or one that reads like it. Please choose another one.")]
    except TooManyLinksError:
        form.form_errors.append(
            ngettext(
                "You have %(num)d link, which is the most.",
                "You have %(num)d links, which is the most.",
                MOST_LIVE_LINKS,
            )
            + " "
            + _("Retire one that you no longer share, then make the new one.")
        )
    return None


def _new_page(form: LinkForm, *, status: int = 200) -> Response:
    return render("referrer/links/new.html", form=form, **_surroundings(), status=status)


def _edit_page(link: Link, form: LinkForm, *, is_last: bool = False, status: int = 200) -> Response:
    return render(
        "referrer/links/edit.html",
        form=form,
        link=link,
        url=link_url(link.code),
        is_last=is_last or count_live_links(db.session(), current_user.id) <= 1,
        refused=is_last,
        **_surroundings(),
        status=status,
    )


def _surroundings() -> dict[str, object]:
    """Return what both forms say beside their fields."""
    return {
        "link_start": link_url(""),
        "landing_url": load_program().landing_url,
        "sites": ", ".join(sorted({origin.host for origin in _other_sites()})),
    }


def _origins() -> frozenset[Origin]:
    program = load_program()
    own: str = current_app.config["BASE_URL"]
    return allowed_origins(program.allowed_hosts, landing_url=program.landing_url, own=own)


def _other_sites() -> frozenset[Origin]:
    """Return the sites beside this one that links may lead to."""
    own: str = current_app.config["BASE_URL"]
    return _origins() - allowed_origins("", landing_url="", own=own)


def _card(link: ListedLink) -> LinkCard:
    return LinkCard(
        link=link,
        url=link_url(link.code),
        name=link.label or _("Link %(code)s", code=link.code),
        figures=[
            (_("Clicks"), number(link.total.clicks), _lately(link.recent.clicks)),
            (_("Signups"), number(link.total.signups), _lately(link.recent.signups)),
            (_("Purchases"), number(link.total.purchases), _lately(link.recent.purchases)),
        ],
    )


def _lately(count: int) -> str:
    return _("%(count)s in 30 days", count=number(count))


def _heading(live: int) -> str:
    return ngettext("%(count)s link of yours", "%(count)s links of yours", live, count=number(live))
