"""The audit log: every act of people with rights, and whether the log is whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, request
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import one_snapshot
from webapp.domain.audit import ACTIONS
from webapp.domain.periods import local_day
from webapp.domain.sentences import N_
from webapp.extensions import db
from webapp.formatting import number
from webapp.queries.audit import (
    Checked,
    Entry,
    Names,
    Wanted,
    check_log,
    count_entries,
    list_entries,
    names_of,
    people_in_log,
)
from webapp.queries.paging import UnknownCursorError
from webapp.views.admin.audit_words import SUBJECT_NAMES, entry_card, plain_sentence, who_did
from webapp.views.csv import Cell, csv_response
from webapp.web import load_program, page_cursor, render

bp = Blueprint("audit", __name__, url_prefix="/audit")

# Who did it when it was no person; beside them people are named by their id.
ACTORS: Mapping[str, str] = {"command": N_("The command line"), "api": N_("The API"), "system": N_("Grapevine itself")}
COLUMNS = (
    *("number", "at", "actor", "actor_id", "who", "action", "subject", "subject_id", "what", "details", "fingerprint"),
)
ROWS_AT_A_TIME = 500
MOST_BREACHES = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for, as it stands in it; empty is any."""

    action: str = ""
    who: str = ""
    subject: str = ""
    subject_id: str = ""
    since: str = ""
    until: str = ""

    def address(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    filters = Filters(**{name: request.args.get(name, "").strip() for name in Filters.__slots__})
    wanted = _wanted(filters, program.time_zone)
    try:
        entries, more = list_entries(session, program.id, wanted, before=page_cursor())
    except UnknownCursorError:
        abort(404)
    names = names_of(session, program.id, entries)
    people = people_in_log(session, program.id)
    return render(
        "admin/audit/index.html",
        part="admin/audit/_entries.html",
        heading=_heading(count_entries(session, program.id, wanted), filtered=bool(filters.address())),
        entries=[entry_card(entry, names) for entry in entries],
        next_cursor=str(more) if more else None,
        filters=filters,
        actions=ACTIONS,
        actors=ACTORS,
        people=people,
        subjects=SUBJECT_NAMES,
        today=local_day(utc_now(), program.time_zone).isoformat(),
        checked=_check(program.id) if request.args.get("check") == "1" else None,
        most_breaches=MOST_BREACHES,
    )


@bp.get("/entries.csv")
def export() -> Response:
    program = load_program()
    filters = Filters(**{name: request.args.get(name, "").strip() for name in Filters.__slots__})
    wanted, program_id = _wanted(filters, program.time_zone), program.id
    day = local_day(utc_now(), program.time_zone)
    # The request is over when rows are read; the reader's language is not.
    app, locale = current_app._get_current_object(), get_locale()

    def rows(session: Session) -> Iterator[tuple[Cell, ...]]:
        for entries, names in _parts(session, program_id, wanted):
            with app.app_context(), force_locale(locale):
                lines = [_line(entry, names) for entry in entries]
            yield from lines

    return csv_response(f"audit-log-{day}", COLUMNS, rows)


def _parts(session: Session, program_id: UUID, wanted: Wanted) -> Iterator[tuple[list[Entry], Names]]:
    before: UUID | None = None
    while True:
        entries, before = list_entries(session, program_id, wanted, before=before, limit=ROWS_AT_A_TIME)
        yield entries, names_of(session, program_id, entries)
        if before is None:
            return


def _line(entry: Entry, names: Names) -> tuple[Cell, ...]:
    return (
        entry.sequence,
        entry.at.astimezone(UTC).isoformat(timespec="seconds"),
        entry.actor,
        str(entry.actor_id or ""),
        who_did(entry, names),
        entry.action,
        entry.subject,
        str(entry.subject_id or ""),
        plain_sentence(entry, names),
        json.dumps(entry.details, sort_keys=True, ensure_ascii=False),
        entry.hash,
    )


def _check(program_id: UUID) -> Checked:
    with one_snapshot() as session:
        return check_log(session, program_id)


def _wanted(filters: Filters, time_zone: str) -> Wanted:
    """Read the filters. What cannot be one is not there: a filter that was quietly dropped would show too much."""
    if filters.action and filters.action not in ACTIONS:
        abort(404)
    if filters.subject and filters.subject not in SUBJECT_NAMES:
        abort(404)
    actor = filters.who if filters.who in ACTORS else None
    since, until = _day(filters.since), _day(filters.until)
    zone = ZoneInfo(time_zone)
    return Wanted(
        action=filters.action or None,
        actor=actor,
        actor_id=_id(filters.who) if not actor else None,
        subject=filters.subject or None,
        subject_id=_id(filters.subject_id),
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        abort(404)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        abort(404)
    if day and not 2000 <= day.year <= 9000:
        abort(404)
    return day


def _heading(count: int, *, filtered: bool) -> str:
    if filtered:
        return ngettext("%(count)s act fits the filters", "%(count)s acts fit the filters", count, count=number(count))
    if not count:
        return _("Nothing is on record yet")
    return ngettext("%(count)s act on record", "%(count)s acts on record", count, count=number(count))
