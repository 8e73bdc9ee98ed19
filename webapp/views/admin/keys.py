"""Keys of the API, as an admin makes and revokes them."""

import secrets
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.formatting import number
from webapp.forms.api_key import ApiKeyForm
from webapp.models import ApiKey
from webapp.queries.keys import count_keys, find_key, list_keys
from webapp.queries.paging import UnknownCursorError
from webapp.services.keys import PREFIX, create_key, revoke_key
from webapp.web import load_program, page_cursor, render

bp = Blueprint("keys", __name__, url_prefix="/keys")


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    revoked = request.args.get("state") == "revoked"
    try:
        rows, more = list_keys(session, program.id, revoked=revoked, before=page_cursor())
    except UnknownCursorError:
        abort(404)
    live_count, revoked_count = count_keys(session, program.id)
    return render(
        "admin/keys/index.html",
        part="admin/keys/_rows.html",
        heading=_heading(live_count),
        keys=rows,
        next_cursor=str(more) if more else None,
        revoked=revoked,
        live_count=live_count,
        revoked_count=revoked_count,
    )


@bp.get("/new")
def new() -> Response:
    return _form_page(ApiKeyForm(formdata=None, scope="write"))


@bp.post("")
def create() -> Response:
    """Answer with the secret itself: it stands in no address, and on no page that could be opened again."""
    form = ApiKeyForm()
    if not form.validate_on_submit():
        return _form_page(form, status=422)
    secret = PREFIX + secrets.token_urlsafe(32)
    with write_transaction() as session:
        key = create_key(
            session,
            load_program(),
            name=form.name.data,
            scope=form.scope.data,
            secret=secret,
            by=current_user.id,
            now=utc_now(),
        )
        name, scope = key.name, key.scope
    return render("admin/keys/created.html", status=201, name=name, scope=scope, secret=secret)


@bp.get("/<uuid:key_id>/revocation")
def new_revocation(key_id: UUID) -> ResponseReturnValue:
    key = _find(key_id)
    if key.revoked_at:
        return redirect(url_for(".index", state="revoked"))
    return render("admin/keys/revocation.html", key=key)


@bp.post("/<uuid:key_id>/revocation")
def create_revocation(key_id: UUID) -> ResponseReturnValue:
    key = _find(key_id)
    with write_transaction() as session:
        revoked, name = revoke_key(session, key, by=current_user.id, now=utc_now()), key.name
    if revoked:
        flash(_("“%(name)s” is revoked. Whoever calls with it is refused from now on.", name=name))
    return redirect(url_for(".index"), code=303)


def _find(key_id: UUID) -> ApiKey:
    key = find_key(db.session(), load_program().id, key_id)
    if key is None:
        abort(404)
    return key


def _form_page(form: ApiKeyForm, *, status: int = 200) -> Response:
    return render("admin/keys/new.html", status=status, form=form)


def _heading(live: int) -> str:
    if not live:
        return _("No key opens the API yet")
    return ngettext("%(count)s key opens the API", "%(count)s keys open the API", live, count=number(live))
