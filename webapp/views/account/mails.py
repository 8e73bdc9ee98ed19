"""Which mails somebody wants, and which they got."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.database import write_transaction
from webapp.domain.mail_kinds import OPTIONAL, is_muted, kinds_for
from webapp.extensions import db
from webapp.forms.mails import MailsForm
from webapp.queries.mails import list_mails
from webapp.queries.paging import UnknownCursorError
from webapp.services.muting import choose_mails
from webapp.signed_in import own_row
from webapp.views.mail_rows import mail_lines
from webapp.web import page_cursor, render

bp = Blueprint("mails", __name__, url_prefix="/mail")


@bp.get("")
def edit() -> Response:
    wanted = [kind for kind in kinds_for(current_user.role) if not is_muted(kind, current_user.muted_mails)]
    return _page(MailsForm(formdata=None, wanted=wanted).offer(current_user.role), before=page_cursor())


@bp.post("")
def update() -> ResponseReturnValue:
    form = MailsForm().offer(current_user.role)
    if not form.validate_on_submit():
        return _page(form, status=422)
    with write_transaction() as session:
        choose_mails(session, own_row(session), form.wanted.data or ())
    flash(_("Your settings are saved."))
    return redirect(url_for(".edit"), code=303)


def _page(form: MailsForm, *, before: UUID | None = None, status: int = 200) -> Response:
    try:
        rows, more = list_mails(db.session(), current_user.id, before=before)
    except UnknownCursorError:
        abort(404)
    return render(
        "account/mails/edit.html",
        part="account/mails/_rows.html" if status == 200 else None,
        status=status,
        form=form,
        kinds=[(name, OPTIONAL[name]) for name in kinds_for(current_user.role)],
        mails=mail_lines(rows),
        next_cursor=str(more) if more else None,
        is_first=before is None,
    )
