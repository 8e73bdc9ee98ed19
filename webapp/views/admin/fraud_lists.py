"""The lists of whom the program trusts and whom it does not."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.screening_lists import Entry, ListName
from webapp.extensions import db
from webapp.formatting import exact_moment, number
from webapp.forms.screening_entry import ScreeningEntryForm, kind_label
from webapp.queries.paging import UnknownCursorError
from webapp.queries.screening_entries import EntryRow, count_entries, find_entry, find_same, list_entries
from webapp.services.screening_lists import EntryThereError, add_entry, remove_entry
from webapp.web import load_program, page_cursor, render

bp = Blueprint("fraud_lists", __name__, url_prefix="/fraud/lists")


@bp.get("")
def index() -> Response:
    return _page(ScreeningEntryForm(formdata=None, on=_shown_list()))


@bp.post("")
def create() -> ResponseReturnValue:
    form = ScreeningEntryForm()
    entry = form.read()
    if entry is None:
        return _page(form, status=422)
    try:
        with write_transaction() as session:
            add_entry(session, load_program().id, entry, note=form.note.data or "", by=current_user.id, now=utc_now())
    except EntryThereError as there:
        form.value.errors = [
            _(
                "It is on this list already: %(name)s put it there, %(moment)s.",
                name=there.row.added_by,
                moment=exact_moment(there.row.added_at),
            )
        ]
        return _page(form, status=422)
    flash(_said(entry))
    return redirect(url_for(".index", list=entry.on), code=303)


@bp.get("/<uuid:entry_id>/removal")
def new_removal(entry_id: UUID) -> Response:
    return render("admin/fraud_lists/removal.html", row=_find(entry_id), kind_label=kind_label)


@bp.post("/<uuid:entry_id>/removal")
def create_removal(entry_id: UUID) -> ResponseReturnValue:
    row = _find(entry_id)
    with write_transaction() as session:
        removed = remove_entry(session, load_program().id, entry_id, by=current_user.id, now=utc_now())
    if removed:
        flash(_("The entry is off the list. Friends who sign up from now on are looked at without it."))
    return redirect(url_for(".index", list=row.entry.on), code=303)


def _find(entry_id: UUID) -> EntryRow:
    row = find_entry(db.session(), load_program().id, entry_id)
    if row is None:
        abort(404)
    return row


def _shown_list() -> ListName:
    return "allow" if request.args.get("list") == "allow" else "block"


def _said(entry: Entry) -> str:
    """Say what a new entry does; what it names stays on its page."""
    other = Entry("allow" if entry.on == "block" else "block", entry.kind, entry.value)
    if find_same(db.session(), load_program().id, other):
        return _("It is on the list. It stands on the other one as well: trust wins.")
    return _("It is on the list, and counts from the next signup on.")


def _page(form: ScreeningEntryForm, *, status: int = 200) -> Response:
    session, program, shown = db.session(), load_program(), _shown_list()
    if status != 200 and form.on.data in ("allow", "block"):
        shown = form.on.data
    try:
        entries, more = list_entries(session, program.id, shown, before=page_cursor())
    except UnknownCursorError:
        abort(404)
    counts = count_entries(session, program.id)
    return render(
        "admin/fraud_lists/index.html",
        part="admin/fraud_lists/_rows.html" if status == 200 else None,
        status=status,
        form=form,
        heading=_heading(sum(counts.values())),
        shown=shown,
        counts=counts,
        entries=entries,
        kind_label=kind_label,
        next_cursor=str(more) if more else None,
    )


def _heading(entries: int) -> str:
    if not entries:
        return _("Lists of whom you trust")
    return ngettext(
        "%(count)s entry says whom you trust, and whom not",
        "%(count)s entries say whom you trust, and whom not",
        entries,
        count=number(entries),
    )
