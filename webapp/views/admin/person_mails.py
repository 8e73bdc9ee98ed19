"""The mails that one person got, or did not get, and why."""

from uuid import UUID

from flask import Blueprint, Response, abort

from webapp.extensions import db
from webapp.queries.directory import find_person
from webapp.queries.mails import list_mails
from webapp.queries.paging import UnknownCursorError
from webapp.views.mail_rows import mail_lines
from webapp.web import load_program, page_cursor, render

bp = Blueprint("person_mails", __name__, url_prefix="/users/<uuid:user_id>/mails")


@bp.get("")
def index(user_id: UUID) -> Response:
    session, before = db.session(), page_cursor()
    person = find_person(session, load_program().id, user_id)
    if person is None:
        abort(404)
    try:
        rows, more = list_mails(session, person.id, before=before)
    except UnknownCursorError:
        abort(404)
    return render(
        "admin/person_mails/index.html",
        part="admin/person_mails/_rows.html",
        person=person,
        mails=mail_lines(rows),
        next_cursor=str(more) if more else None,
        is_first=before is None,
    )
