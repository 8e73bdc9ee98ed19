"""Anybody's month on one sheet, as an admin reads it: the person's own statement, with every account."""

from uuid import UUID

from flask import Blueprint, Response, abort

from webapp.clock import utc_now
from webapp.domain.explain_for_staff import ACCOUNTS
from webapp.extensions import db
from webapp.models import User
from webapp.queries.directory import find_person
from webapp.views.referrer.statement_sheet import SHOWN, sheet_of, statement_file
from webapp.web import load_program, render

bp = Blueprint("statements", __name__, url_prefix="/users/<uuid:user_id>/statements")


@bp.get("/<month>")
def show(user_id: UUID, month: str) -> Response:
    person = _find(user_id)
    sheet = sheet_of(db.session(), load_program(), person.id, month, for_staff=True)
    return render(
        "admin/statements/show.html",
        person=person,
        account_labels=[ACCOUNTS[account] for account in SHOWN],
        **sheet.context(utc_now()),
    )


@bp.get("/<month>.csv")
def export(user_id: UUID, month: str) -> Response:
    return statement_file(sheet_of(db.session(), load_program(), _find(user_id).id, month, for_staff=True))


def _find(user_id: UUID) -> User:
    return find_person(db.session(), load_program().id, user_id) or abort(404)
