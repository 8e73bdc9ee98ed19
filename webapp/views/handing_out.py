"""All that is kept of somebody, as the answer to a request."""

from uuid import UUID

from flask import Response

from webapp.clock import utc_now
from webapp.database import one_snapshot
from webapp.models import User
from webapp.queries.exports import everything_about, without_reports
from webapp.queries.people import holds_what_may_be_anothers
from webapp.views.exports import zip_of
from webapp.web import load_program


def export_response(person_id: UUID, *, to_themselves: bool) -> Response:
    """Return all that is kept of somebody as a file, of one moment of the database.

    Whoever takes it themselves gets what was reported only when it is about them: see `holds_what_may_be_anothers`.
    """
    now = utc_now()
    name = load_program().name
    with one_snapshot() as session:
        person = session.get_one(User, person_id)
        tables = everything_about(session, person)
        is_held_back = to_themselves and holds_what_may_be_anothers(session, person)
    if is_held_back:
        tables = without_reports(tables)
    body = zip_of(tables, program=name, at=f"{now:%Y-%m-%d %H:%M} UTC", is_held_back=is_held_back)
    response = Response(body, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{now:%Y-%m-%d}.zip"'
    return response
