"""How many of the friends of one week buy in the weeks that follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.formatting import number, percent
from webapp.queries.cohorts import Cohort, list_cohorts
from webapp.views.analytics.frame import Frame, Way, read_frame
from webapp.views.analytics.measures import meaning
from webapp.views.csv import Cell, csv_response
from webapp.views.figures import FEWEST_FOR_PERCENT
from webapp.web import render

bp = Blueprint("cohorts", __name__)

WEEKS = (9, 13, 26)
MOST_COLUMNS = 13


@dataclass(frozen=True, slots=True)
class Share:
    """One cell: its text and its shade, from 0 to 5 by tens of percent. Empty while the week is not over."""

    text: str = ""
    heat: int | None = None


@dataclass(frozen=True, slots=True)
class CohortCells:
    """One row; `week` is None in the row of all weeks."""

    week: date | None
    size: int
    cells: list[Share]


@bp.get("/cohorts")
def index() -> Response:
    frame, weeks = read_frame(), _weeks()
    cohorts = list_cohorts(db.session(), frame.program.id, frame.today, weeks=weeks)
    width = min(max((len(cohort.buyers) for cohort in cohorts), default=0), MOST_COLUMNS)
    return render(
        "analytics/cohorts/index.html",
        part="analytics/cohorts/_report.html",
        status=frame.status,
        frame=frame,
        heading=_heading(cohorts),
        sentence=_sentence(cohorts, width),
        meaning=meaning("cohort_share"),
        rows=[_row(cohort, width) for cohort in cohorts],
        in_all=_in_all(cohorts, width),
        width=width,
        weeks=weeks,
        choices=_choices(frame, weeks),
    )


@bp.get("/cohorts.csv")
def export() -> Response:
    """Every cohort with the number of its buyers in each week; a week that is not over yet is empty."""
    frame, weeks = read_frame(), _weeks()
    program_id, today = frame.program.id, frame.today

    def rows(session: Session) -> Iterator[Sequence[Cell]]:
        for cohort in list_cohorts(session, program_id, today, weeks=weeks):
            missing = weeks - len(cohort.buyers)
            yield cohort.week.isoformat(), cohort.size, *cohort.buyers, *(None,) * missing

    header = [_("Week of joining"), _("Friends"), *(column_label(after) for after in range(weeks))]
    return csv_response(f"cohorts-{weeks}-weeks-{today.isoformat()}", header, rows)


def column_label(after: int) -> str:
    """Name a week by its distance from the week of joining."""
    return _("Same week") if after == 0 else f"+{after}"


def _weeks() -> int:
    given = request.args.get("weeks", "")
    return int(given) if given in {str(weeks) for weeks in WEEKS} else WEEKS[0]


def _choices(frame: Frame, chosen: int) -> list[Way]:
    return [
        Way(
            f"weeks-{weeks}",
            ngettext("%(weeks)s week", "%(weeks)s weeks", weeks, weeks=number(weeks)),
            frame.url(weeks=weeks),
            weeks == chosen,
        )
        for weeks in WEEKS
    ]


def _bought(cohorts: Sequence[Cohort], after: int) -> tuple[int, int]:
    """Return how many bought so many weeks after joining, and of how many: those whose week is over."""
    there = [cohort for cohort in cohorts if len(cohort.buyers) > after]
    return sum(cohort.buyers[after] for cohort in there), sum(cohort.size for cohort in there)


def _heading(cohorts: Sequence[Cohort]) -> str:
    if not cohorts:
        return _("Friends who keep buying")
    bought, of = _bought(cohorts, 0)
    if of >= FEWEST_FOR_PERCENT:
        return _("%(percent)s of friends buy in the week they join", percent=percent(bought, of))
    return ngettext(
        "%(bought)s of %(count)s friend bought in the week they joined",
        "%(bought)s of %(count)s friends bought in the week they joined",
        of,
        bought=number(bought),
        count=number(of),
    )


def _sentence(cohorts: Sequence[Cohort], width: int) -> str:
    """Say in which later week the most of them buy."""
    later = [(after, *_bought(cohorts, after)) for after in range(1, width)]
    later = [(after, bought, of) for after, bought, of in later if of >= FEWEST_FOR_PERCENT and bought]
    if not later:
        return ""
    after, bought, of = max(later, key=lambda one: (one[1] / one[2], -one[0]))
    return ngettext(
        "Of the later weeks, the first has the most: %(percent)s of %(of)s friends bought in it.",
        "Of the later weeks, number %(after)s has the most: %(percent)s of %(of)s friends bought in it.",
        after,
        after=number(after),
        percent=percent(bought, of),
        of=number(of),
    )


def _row(cohort: Cohort, width: int) -> CohortCells:
    cells = [_cell(bought, cohort.size) for bought in cohort.buyers[:width]]
    return CohortCells(cohort.week, cohort.size, cells + [Share()] * (width - len(cells)))


def _in_all(cohorts: Sequence[Cohort], width: int) -> CohortCells:
    cells = [_cell(*_bought(cohorts, after)) for after in range(width)]
    return CohortCells(None, sum(cohort.size for cohort in cohorts), cells)


def _cell(bought: int, of: int) -> Share:
    if not of:
        return Share()
    heat = min(5, bought * 10 // of)
    if of < FEWEST_FOR_PERCENT:
        return Share(_("%(bought)s of %(all)s", bought=number(bought), all=number(of)), heat)
    return Share(percent(bought, of), heat)
