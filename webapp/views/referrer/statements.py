"""What a person earned in one month, on one sheet of paper."""

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.domain.money import Money
from webapp.domain.periods import local_day, read_month
from webapp.extensions import db
from webapp.formatting import money, number
from webapp.formatting import month as in_words
from webapp.queries.statements import StatementLine, statement_lines
from webapp.views.referrer.earnings import capital, what_for
from webapp.views.referrer.reward_cards import state_label, status_label
from webapp.views.referrer.reward_filters import STATUSES, month_bounds
from webapp.web import load_program, render

bp = Blueprint("statements", __name__, url_prefix="/rewards/statement")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One reward on the sheet; `granted` only where something was taken off since."""

    occurred_at: datetime
    what: str
    status: str
    state_label: str
    granted: str
    kept: str


@dataclass(frozen=True, slots=True)
class StatementSum:
    """All rewards of one status in one currency."""

    label: str
    count: str
    amount: str


@bp.get("/<month>")
def show(month: str) -> Response:
    program, now = load_program(), utc_now()
    first = read_month(month)
    if first is None or first > local_day(now, program.time_zone):
        abort(404)
    since, until = month_bounds(first, program)
    lines = statement_lines(db.session(), current_user.id, since=since, until=until)
    return render(
        "referrer/statements/show.html",
        heading=_heading(first, lines, program.currency),
        month=in_words(first),
        rows=[_row(line) for line in lines],
        sums=_sums(lines, program.currency),
        totals=_totals(lines, program.currency),
        is_over=until <= now,
        made_at=now,
        asked_month=f"{first:%Y-%m}",
    )


def _heading(first: date, lines: list[StatementLine], currency: str) -> str:
    if not lines:
        return _("Nothing was earned in %(month)s", month=in_words(first))
    return _("%(amount)s for %(month)s", amount=" + ".join(_totals(lines, currency)), month=in_words(first))


def _row(line: StatementLine) -> StatementRow:
    return StatementRow(
        occurred_at=line.occurred_at,
        what=capital(what_for(line.type, line.side, line.friend_name)),
        status=line.status,
        state_label=state_label(line),
        granted=money(line.granted) if line.granted != line.kept else "",
        kept=money(line.kept),
    )


def _sums(lines: list[StatementLine], currency: str) -> list[StatementSum]:
    groups: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        groups.setdefault((line.status, line.kept.currency), []).append(line.kept.minor)
    order = sorted(groups, key=lambda group: (STATUSES.index(group[0]), group[1] != currency, group[1]))
    return [
        StatementSum(
            status_label(status), number(len(groups[status, one])), money(Money(sum(groups[status, one]), one))
        )
        for status, one in order
    ]


def _totals(lines: list[StatementLine], currency: str) -> list[str]:
    """Return what is kept in all, the program's currency first."""
    totals: dict[str, int] = {}
    for line in lines:
        totals[line.kept.currency] = totals.get(line.kept.currency, 0) + line.kept.minor
    return [money(Money(totals[one], one)) for one in sorted(totals, key=lambda one: (one != currency, one))]
