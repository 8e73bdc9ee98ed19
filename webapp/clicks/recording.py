"""Recording the visit that the current request is, if it is one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from flask import current_app, request
from sqlalchemy.exc import SQLAlchemyError

from webapp.clicks import visitors
from webapp.clicks.counting import why_not_counted
from webapp.clicks.visits import visits_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.consent import may_set_cookie
from webapp.logs import sparing_line
from webapp.metrics import current_metrics
from webapp.models import Link, Program
from webapp.services.clicks import Visit, record_click
from webapp.services.sightings import Seen
from webapp.web import load_program


class Recorded(NamedTuple):
    """A stored click and whose it is."""

    click_id: UUID
    visitor_id: UUID


def record_visit(program: Program, link: Link) -> Recorded | None:
    """Store the current request as a click and commit it; None when no person made it.

    A failing database costs the click, never the visitor's page.
    """
    if reason := why_not_counted(request.environ):
        current_metrics().clicks_not_counted.inc(reason=reason)
        return None
    return record_as(
        program, link, known=visitors.known_visitor(program), visit=current_visit(request.args, request.referrer)
    )


def current_visit(query: Mapping[str, str], source_url: str | None) -> Visit:
    """Return what is kept of the current request, whose page had these fields in its address."""
    return visits_of(current_app).read(request.environ, query, source_url=source_url, now=utc_now())


def seen_now() -> Seen:
    """Return the browser of the current request and its address, as far as they are kept."""
    return visits_of(current_app).see(
        request.remote_addr,
        request.headers.get("User-Agent"),
        visitor_id=visitors.known_visitor(load_program()),
        now=utc_now(),
    )


def person_now() -> Seen:
    """Return what `seen_now` does for somebody who signs in or out, in a browser that has a name from now on.

    Without one, whoever then opens their own link in it would look like a stranger. The caller lets it be remembered.
    """
    seen = seen_now()
    if seen.visitor_id is None and may_set_cookie(visitors.consent_mode(load_program())):
        return replace(seen, visitor_id=visitors.new_visitor())
    return seen


def record_as(program: Program, link: Link, *, known: UUID | None, visit: Visit) -> Recorded | None:
    """Store a click of a visitor, a new one when none is known, and commit it; None when the database fails."""
    visitor_id = known or visitors.new_visitor()
    try:
        with write_transaction() as session:
            click_id = record_click(
                session,
                program,
                link,
                visitor_id=visitor_id,
                visit=visit,
                now=utc_now(),
                new_visitor=known is None,
            )
    except (SQLAlchemyError, OSError) as error:
        current_metrics().clicks_lost.inc(reason="database")
        lost = sparing_line(current_app, "click_lost")
        lost.write(reason="database", error=type(getattr(error, "orig", error)).__name__)
        return None
    current_metrics().clicks_recorded.inc()
    return Recorded(click_id, visitor_id)
