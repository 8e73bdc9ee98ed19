"""A month of one person on one sheet: what they earned, what moved in their accounts, and both as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, abort
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.explain_rewards import event_in_words
from webapp.domain.money import Money
from webapp.domain.periods import local_day, next_month, read_month
from webapp.domain.statements import KINDS, Amounts, Books, Kind, due
from webapp.domain.worth import Worth, together
from webapp.formatting import money, number, say
from webapp.formatting import month as in_words
from webapp.models import Program
from webapp.queries.statements import Movement, StatementLine, books_before, movements_of, statement_lines
from webapp.views.csv import Cell, csv_response
from webapp.views.referrer.earnings import capital, what_for
from webapp.views.referrer.reward_cards import state_label, status_label
from webapp.views.referrer.reward_filters import STATUSES, month_bounds
from webapp.views.worth import form_label, worth_text


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
    """All rewards of one status, form and currency."""

    label: str
    count: str
    amount: str


@dataclass(frozen=True, slots=True)
class BooksLine:
    """What stood, moved or stands in the accounts: in each of them, and together what is not paid yet."""

    label: str
    together: str
    amounts: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement. `for_staff` tells whether somebody else reads it than the person whose it is."""

    first: date
    lines: list[StatementLine]
    movements: list[Movement]
    books: list[Books]
    until: datetime
    for_staff: bool
    currency: str
    time_zone: str

    def context(self, now: datetime) -> dict[str, Any]:
        """Return what the template of the sheet needs."""
        return {
            "heading": _heading(self.first, self.lines, self.currency),
            "month": in_words(self.first),
            "rows": [_row(line, for_staff=self.for_staff) for line in self.lines],
            "sums": _sums(self.lines, self.currency),
            "totals": _totals(self.lines, self.currency),
            "books": [(_book_name(books), _books_lines(self, books)) for books in self.books],
            "is_over": self.until <= now,
            "made_at": now,
            "asked_month": _address(self.first),
            "next_month": _address(following)
            if (following := next_month(self.first)) <= local_day(now, self.time_zone)
            else "",
            "month_before": _address(self.first - timedelta(days=1)),
            "for_staff": self.for_staff,
        }


def sheet_of(session: Session, program: Program, person_id: UUID, month: str, *, for_staff: bool = False) -> Sheet:
    """Return the statement of a month as it stands in an address; one that is none or has not begun is not there."""
    first = read_month(month)
    if first is None or first > local_day(utc_now(), program.time_zone):
        abort(404)
    since, until = month_bounds(first, program)
    movements = movements_of(session, person_id, since=since, until=until)
    return Sheet(
        first=first,
        lines=statement_lines(session, person_id, since=since, until=until),
        movements=movements,
        books=books_before(session, program.id, person_id, movements, since=since, first=program.currency),
        until=until,
        for_staff=for_staff,
        currency=program.currency,
        time_zone=program.time_zone,
    )


def statement_file(sheet: Sheet) -> Response:
    """Return the sheet as a file: of each form and currency what stood there, each change, and the end."""
    header = (
        *(_("Moment"), _("What"), _("For"), _("Reward"), _("Currency"), _("Form")),
        *(_("Amount"), _("Not paid yet")),
    )
    rows: list[Sequence[Cell]] = []
    for books in sheet.books:
        balance = due(books.opening)
        of_these = (books.currency, books.form)
        rows.append(("", _first_label(sheet, books), "", "", *of_these, "", _decimal(balance, books)))
        for one in sheet.movements:
            change = due(one.amounts)
            # From one account to another nothing changes.
            if (one.currency, one.form) == of_these and change:
                balance += change
                rows.append(
                    (
                        one.at.astimezone(UTC).isoformat(timespec="seconds"),
                        _happened(one),
                        _what(one.type, one.side, one.friend_name, for_staff=sheet.for_staff),
                        str(one.reward_id),
                        *of_these,
                        _decimal(change, books),
                        _decimal(balance, books),
                    )
                )
        rows.append(("", _last_label(sheet, books), "", "", *of_these, "", _decimal(due(books.closing), books)))
    return csv_response(f"statement-{_address(sheet.first)}", header, lambda _session: rows)


def _address(day: date) -> str:
    return f"{day:%Y-%m}"


def _decimal(minor: int, books: Books) -> Decimal:
    return Money(minor, books.currency).decimal


def _heading(first: date, lines: list[StatementLine], currency: str) -> str:
    if not lines:
        return _("Nothing was earned in %(month)s", month=in_words(first))
    return _("%(amount)s for %(month)s", amount=" + ".join(_totals(lines, currency)), month=in_words(first))


def _row(line: StatementLine, *, for_staff: bool) -> StatementRow:
    return StatementRow(
        occurred_at=line.occurred_at,
        what=_what(line.type, line.side, line.friend_name, for_staff=for_staff),
        status=line.status,
        state_label=state_label(line),
        granted=worth_text(line.granted, line.kind) if line.granted != line.kept else "",
        kept=worth_text(line.kept, line.kind),
    )


def _what(type_: str, side: str, friend_name: str | None, *, for_staff: bool) -> str:
    if for_staff and side == "friend" and type_ != "signup":
        return _("Their own order")
    return capital(what_for(type_, side, friend_name))


def _happened(one: Movement) -> str:
    clawed_back = one.taken_as == "clawback"
    words = event_in_words(
        one.status,  # type: ignore[arg-type]
        one.reason,
        one.taken,
        clawed_back=clawed_back,
        redeemed=one.redeemed,
    )
    return say(words)


def _sums(lines: list[StatementLine], currency: str) -> list[StatementSum]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for line in lines:
        groups.setdefault((line.status, line.kind, line.kept.currency), []).append(line.kept.minor)
    order = sorted(
        groups,
        key=lambda group: (STATUSES.index(group[0]), group[1] != "cash", group[1], group[2] != currency, group[2]),
    )
    return [
        StatementSum(status_label(status), number(len(kept)), worth_text(Money(sum(kept), one), form, len(kept)))
        for status, form, one in order
        for kept in [groups[status, form, one]]
    ]


def _totals(lines: list[StatementLine], currency: str) -> list[str]:
    """Return what is kept in all, each form and currency by itself: money in the program's currency first."""
    kept = [Worth(line.kind, line.kept) for line in lines if line.status not in ("rejected", "reversed")]
    totals = [worth_text(one.amount, one.form, one.count) for one in together(kept, first=currency)]
    if not any(one.form == "cash" for one in kept) and (not kept or any(line.kind == "cash" for line in lines)):
        return [money(Money(0, currency)), *totals]
    return totals


# The accounts that a statement shows to staff, in the order in which money goes through them.
SHOWN = ("pending", "held", "approved", "in_payout", "clawback", "paid")


def _books_lines(sheet: Sheet, books: Books) -> list[BooksLine]:
    labels = {
        "granted": _("Earned"),
        "given_back": _("Given back"),
        "taken_back": _("Taken back"),
        "moved": _("Moved between accounts") if sheet.for_staff else _moved_label(books),
    }
    return [
        _line(_first_label(sheet, books), books.opening, books),
        *(_line(labels[kind], books.movements[kind], books) for kind in KINDS if _is_said(kind, sheet, books)),
        _line(_last_label(sheet, books), books.closing, books),
    ]


def _is_said(kind: Kind, sheet: Sheet, books: Books) -> bool:
    """Say whether there was anything of a kind; what only went from account to account is for staff."""
    return kind in books.movements and (sheet.for_staff or due(books.movements[kind]) != 0)


def _line(label: str, amounts: Amounts, books: Books) -> BooksLine:
    def in_words_of(minor: int) -> str:
        return worth_text(Money(minor, books.currency), books.form)

    each = [amounts.get(account, 0) for account in SHOWN]  # type: ignore[call-overload]
    return BooksLine(label, in_words_of(due(amounts)), [in_words_of(minor) if minor else "" for minor in each])


def _book_name(books: Books) -> str:
    """Return what a card is about: a currency, and the form where it is not money."""
    return f"{books.currency}, {form_label(books.form)}" if books.form != "cash" else books.currency


def _moved_label(books: Books) -> str:
    return {"credit": lambda: _("Spent"), "custom": lambda: _("Done")}.get(books.form, lambda: _("Paid to you"))()


def _first_label(sheet: Sheet, books: Books) -> str:
    if sheet.for_staff or books.form != "cash":
        return _("Before %(month)s", month=in_words(sheet.first))
    return _("Not paid before %(month)s", month=in_words(sheet.first))


def _last_label(sheet: Sheet, books: Books) -> str:
    if sheet.until > utc_now():
        return _("Now") if sheet.for_staff or books.form != "cash" else _("Not paid yet, as of now")
    if sheet.for_staff or books.form != "cash":
        return _("At the end of %(month)s", month=in_words(sheet.first))
    return _("Not paid at the end of %(month)s", month=in_words(sheet.first))
