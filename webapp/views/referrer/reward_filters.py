"""What a list of rewards can be narrowed down to: a status, a currency, a month."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import request
from flask_babel import gettext as _

from webapp.clock import utc_now
from webapp.domain.periods import day_begins, local_day, months_back, next_month, read_month
from webapp.formatting import month, number
from webapp.models import Program
from webapp.queries.standing import Standing
from webapp.views.referrer.reward_cards import status_label

STATUSES = ("pending", "held", "approved", "in_payout", "paid", "reversed", "rejected")

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RewardFilters:
    """What the request asks for, "" or None for everything, and what it could ask for."""

    status: str
    currency: str
    month: date | None
    statuses: Choices
    currencies: Choices
    months: Choices

    @property
    def month_text(self) -> str:
        return f"{self.month:%Y-%m}" if self.month else ""

    @property
    def month_words(self) -> str:
        return month(self.month) if self.month else ""

    @property
    def statement_month(self) -> str:
        """The month of the statement that is offered: the one asked for, else the latest."""
        return self.month_text or self.months[1][0]

    @property
    def statement_words(self) -> str:
        return dict(self.months)[self.statement_month]

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.status or self.currency or self.month)

    @property
    def asked(self) -> dict[str, str]:
        """The same as the query of an address."""
        asked = {"status": self.status, "currency": self.currency, "month": self.month_text}
        return {name: value for name, value in asked.items() if value}


def reward_filters(program: Program, standings: Sequence[Standing]) -> RewardFilters:
    """Read the filters of the request. What this person has none of is not offered, and not looked for."""
    counts: dict[str, int] = {}
    for one in standings:
        counts[one.status] = counts.get(one.status, 0) + one.count
    currencies = sorted({one.currency for one in standings}, key=lambda one: (one != program.currency, one))
    months = _months(program, standings)
    asked = read_month(request.args.get("month", ""))
    return RewardFilters(
        status=_one_of(request.args.get("status", ""), counts),
        currency=_one_of(request.args.get("currency", ""), currencies),
        month=asked if asked in months else None,
        statuses=[
            ("", _("Every state")),
            *(
                (one, _("%(state)s (%(count)s)", state=status_label(one), count=number(counts[one])))
                for one in STATUSES
                if one in counts
            ),
        ],
        currencies=[("", _("Every currency")), *((one, one) for one in currencies)] if len(currencies) > 1 else [],
        months=[("", _("Any month")), *((f"{one:%Y-%m}", month(one)) for one in months)],
    )


def month_bounds(first: date, program: Program) -> tuple[datetime, datetime]:
    """Return when a month begins and when the next one does, in the program's time zone."""
    return day_begins(first, program.time_zone), day_begins(next_month(first), program.time_zone)


def _months(program: Program, standings: Sequence[Standing]) -> list[date]:
    if not standings:
        return []
    earliest = min(one.earliest_at for one in standings)
    return months_back(local_day(utc_now(), program.time_zone), local_day(earliest, program.time_zone))


def _one_of(text: str, known: Collection[str]) -> str:
    return text if text in known else ""
