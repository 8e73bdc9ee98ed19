"""All that is kept of somebody, as the answer to a request."""

from uuid import UUID

from flask import Response

from webapp.clock import utc_now
from webapp.database import one_snapshot
from webapp.models import User
from webapp.queries.exports import everything_about
from webapp.views.exports import zip_of
from webapp.web import load_program


def export_response(person_id: UUID) -> Response:
    """Return all that is kept of somebody as a file, of one moment of the database."""
    now = utc_now()
    name = load_program().name
    with one_snapshot() as session:
        tables = everything_about(session, session.get_one(User, person_id))
    body = zip_of(tables, program=name, at=f"{now:%Y-%m-%d %H:%M} UTC")
    response = Response(body, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{now:%Y-%m-%d}.zip"'
    return response
