"""What a person earned in one month, on one sheet of paper and as a file."""

from flask import Blueprint, Response
from flask_login import current_user

from webapp.clock import utc_now
from webapp.extensions import db
from webapp.views.referrer.statement_sheet import Sheet, sheet_of, statement_file
from webapp.web import load_program, render

bp = Blueprint("statements", __name__, url_prefix="/rewards/statement")


@bp.get("/<month>")
def show(month: str) -> Response:
    return render("referrer/statements/show.html", **_sheet(month).context(utc_now()))


@bp.get("/<month>.csv")
def export(month: str) -> Response:
    return statement_file(_sheet(month))


def _sheet(month: str) -> Sheet:
    return sheet_of(db.session(), load_program(), current_user.id, month)
