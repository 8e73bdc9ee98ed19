"""Exchange quotes: all that there are, and adding one."""

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.formatting import exact_decimal, exact_moment, number
from webapp.forms.quote import QuoteForm
from webapp.forms.typed import moment_shown
from webapp.queries.paging import UnknownCursorError
from webapp.queries.quotes import list_quotes
from webapp.services.quotes import add_quote
from webapp.web import load_program, page_cursor, render

bp = Blueprint("quotes", __name__, url_prefix="/settings/quotes")


@bp.get("")
def index() -> Response:
    program = load_program()
    begins = moment_shown(utc_now().replace(second=0, microsecond=0), program.time_zone)
    other = "EUR" if program.currency != "EUR" else "USD"
    return _page(QuoteForm(formdata=None, base=other, counter=program.currency, valid_from=begins))


@bp.post("")
def create() -> ResponseReturnValue:
    form = QuoteForm()
    quote = form.read(load_program().time_zone)
    if quote is None:
        return _page(form, status=422)
    with write_transaction() as session:
        add_quote(session, load_program().id, quote, by=current_user.id, now=utc_now())
    flash(
        _(
            "1 %(base)s is %(rate)s %(counter)s for what happens from %(moment)s on.",
            base=quote.base,
            rate=exact_decimal(quote.rate),
            counter=quote.counter,
            moment=exact_moment(quote.valid_from),
        )
    )
    return redirect(url_for(".index"), code=303)


def _page(form: QuoteForm, *, status: int = 200) -> Response:
    now = utc_now()
    try:
        quotes, more = list_quotes(db.session(), load_program().id, now=now, before=page_cursor())
    except UnknownCursorError:
        abort(404)
    counting = sum(row.counts for row in quotes)
    return render(
        "admin/quotes/index.html",
        part="admin/quotes/_rows.html" if status == 200 else None,
        status=status,
        form=form,
        heading=ngettext(
            "%(count)s exchange quote counts now",
            "%(count)s exchange quotes count now",
            counting,
            count=number(counting),
        )
        if counting
        else _("Exchange quotes"),
        quotes=quotes,
        now=now,
        next_cursor=str(more) if more else None,
    )
