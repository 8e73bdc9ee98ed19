"""The ledger as of any moment: what stands in whose accounts, and the entries that led there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.explain_for_staff import ACCOUNTS
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.periods import local_day
from webapp.domain.rewards import FORMS, IN_LEDGER
from webapp.domain.statements import DUE
from webapp.domain.worth import Worth, together
from webapp.extensions import db
from webapp.formatting import day_words, exact_moment, money
from webapp.models import Program
from webapp.queries.ledger_entries import (
    LARGEST,
    AccountBalance,
    BookedEntry,
    EntryFilter,
    PersonBalance,
    balances_at,
    largest_balances,
    list_entries,
    stream_entries,
    stream_person_balances,
)
from webapp.queries.paging import UnknownCursorError
from webapp.queries.people_search import CalledPerson, list_called
from webapp.queries.reward_lists import ListedReward, find_rewards
from webapp.queries.traces import RewardDeed, deeds_of
from webapp.views.admin import filters
from webapp.views.admin.reward_rows import what_for
from webapp.views.admin.reward_words import actor_text, deed_text
from webapp.views.csv import Cell, csv_response
from webapp.views.worth import form_label, worth_text
from webapp.web import load_program, page_cursor, render

bp = Blueprint("ledger", __name__, url_prefix="/ledger")

FILTERS = ("q", "person", "account", "currency", "form", "as_of")
# Of people who are called alike no more are offered; a longer name finds the others.
MOST_CALLED = 20

ENTRY_COLUMNS = (
    *("at", "account", "currency", "amount", "balance", "transaction_id", "position"),
    *("reward_id", "reward_sequence", "refund_event_id", "form"),
)
BALANCE_COLUMNS = ("person_id", "person", "currency", "account", "balance", "form")


@dataclass(frozen=True, slots=True)
class BalanceCell:
    """What stands in one account, with the way to its entries; no amount where nothing was ever booked."""

    account: str
    amount: str
    url: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry: what was done, by whom, for what; the refund it is about, if any."""

    at: datetime
    number: str
    account: str
    amount: str
    balance: str
    what: str
    who: str
    refund: str
    cause: str
    reward_id: UUID
    conversion_id: UUID


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `called` are those to choose from when a name means several people, or nobody.

    `problems` say what is wrong with it: a filter that was quietly dropped would show too much.
    """

    wanted: EntryFilter
    search: filters.Search
    as_of: filters.AsOf | None
    called: list[CalledPerson]
    problems: dict[str, str]

    @property
    def person_id(self) -> UUID | None:
        return self.wanted.person_id


@bp.get("")
def index() -> Response:
    session, program = db.session(), load_program()
    return _page(session, program, _asked(session, program))


def _page(session: Session, program: Program, asked: Asked) -> Response:
    person_name = asked.search.person_name or (asked.called[0].name if asked.person_id else None)
    entries: list[BookedEntry] = []
    more = None
    if asked.person_id and not asked.problems:
        try:
            entries, more = list_entries(session, program.id, asked.wanted, before=page_cursor())
        except UnknownCursorError:
            abort(404)
    found_whom = asked.person_id is not None or not asked.search.is_on
    is_shown = found_whom and not asked.problems
    balances = balances_at(session, program.id, _all_accounts(asked.wanted)) if is_shown else []
    kept = {name: value for name, value in filters.kept(FILTERS).items() if name not in asked.problems}
    if asked.as_of:
        kept["as_of"] = asked.as_of.text
    if asked.person_id:
        kept = {"person": str(asked.person_id), **{name: value for name, value in kept.items() if name != "q"}}
    return render(
        "admin/ledger/index.html",
        part=None if asked.problems else "admin/ledger/_rows.html",
        status=422 if asked.problems else 200,
        problems=list(asked.problems.values()),
        heading=_heading(asked, balances, person_name, program.currency),
        as_of=asked.as_of,
        as_of_words=_when(asked.as_of, program) if asked.as_of else "",
        is_ahead=asked.as_of is not None and asked.as_of.moment > utc_now(),
        search=asked.search,
        found_whom=found_whom,
        called=asked.called,
        most_called=MOST_CALLED,
        person_id=asked.person_id,
        person_name=person_name,
        accounts=ACCOUNTS,
        account_choices=[(name, _(label)) for name, label in ACCOUNTS.items()],
        balances=_cells(balances, program.currency, kept),
        currencies=[(code, code) for code in sorted({program.currency, *(one.amount.currency for one in balances)})],
        forms=_forms(balances, asked),
        entries=_rows(session, program, entries),
        holders=[
            (one.person_id, one.person_name, one.person_email, worth_text(one.amount, one.form))
            for one in _holders(session, program, asked)
        ],
        most_holders=LARGEST,
        filters=kept,
        other_filters={name: value for name, value in kept.items() if name not in ("q", "person")},
        next_cursor=str(more) if more else None,
    )


@bp.get("/entries.csv")
def export() -> Response:
    """Of one person every entry, the earliest first; without one, what stood in everybody's accounts.

    A file has no place to say what is wrong with what is asked for; then the page is the answer, which says it.
    """
    session, program = db.session(), load_program()
    asked, program_id = _asked(session, program), program.id
    if asked.problems:
        return _page(session, program, asked)
    if asked.search.is_on and not asked.person_id:
        abort(404)
    day = local_day(asked.as_of.moment if asked.as_of else utc_now(), program.time_zone)

    def entries(session: Session) -> Iterator[Sequence[Cell]]:
        for one in stream_entries(session, program_id, asked.wanted):
            yield (
                one.at.astimezone(UTC).isoformat(),
                *(one.account, one.amount.currency, one.amount.decimal, one.balance.decimal),
                *(str(one.transaction_id), one.position, str(one.reward_id), one.reward_sequence),
                one.refund_event_id or "",
                one.form,
            )

    def balances(session: Session) -> Iterator[Sequence[Cell]]:
        for one in stream_person_balances(session, program_id, asked.wanted):
            yield str(one.person_id), one.person_name, one.amount.currency, one.account, one.amount.decimal, one.form

    if asked.person_id:
        return csv_response(f"ledger-entries-{day}", ENTRY_COLUMNS, entries)
    return csv_response(f"ledger-balances-{day}", BALANCE_COLUMNS, balances)


def _asked(session: Session, program: Program) -> Asked:
    search, as_of = filters.search(session, program.id), filters.as_of(program)
    called = list_called(session, program.id, search.text, limit=MOST_CALLED) if search.text else []
    # A name that only one person has means them.
    person_id = search.person_id if search.person_name else called[0].id if len(called) == 1 else None
    wanted = EntryFilter(
        person_id=person_id,
        account=filters.one_of("account", ACCOUNTS),
        currency=filters.one_of("currency", EXPONENTS),
        form=filters.one_of("form", IN_LEDGER),
        until=as_of.moment if as_of else None,
    )
    return Asked(wanted, search, as_of, called, _problems(wanted, search, as_of))


def _problems(wanted: EntryFilter, search: filters.Search, as_of: filters.AsOf | None) -> dict[str, str]:
    """Return, by the filter that it is about, what is wrong with each that was sent."""
    problems = {}
    if request.args.get("person") and not (search.person_id or search.found_nobody):
        problems["person"] = _("That is nobody’s id. Look for the person by name, e-mail or customer number.")
    if filters.is_no_moment(as_of):
        problems["as_of"] = _(
            "That is no moment. Choose a day, as in 2026-05-03, with or without a time of day, as in 14:00."
        )
    if request.args.get("currency") and wanted.currency is None:
        problems["currency"] = _("That is no currency. Choose one by its three capital letters, as in USD.")
    if request.args.get("account") and wanted.account is None:
        problems["account"] = _("There is no such account. Choose one from the list.")
    if request.args.get("form") and wanted.form is None:
        problems["form"] = _("There is no such form of reward. Choose one from the list.")
    return problems


def _when(as_of: filters.AsOf, program: Program) -> str:
    """Say the moment in the middle of a sentence; where a day was named, the day."""
    return day_words(local_day(as_of.moment, program.time_zone)) if as_of.is_day else exact_moment(as_of.moment)


def _holders(session: Session, program: Program, asked: Asked) -> list[PersonBalance]:
    """Return who has the most in the account that is asked for, where it is everybody's."""
    one_account = asked.wanted.account is not None and asked.wanted.currency is not None
    if asked.problems or asked.search.is_on or asked.person_id or not one_account:
        return []
    return largest_balances(session, program.id, asked.wanted)


def _all_accounts(wanted: EntryFilter) -> EntryFilter:
    return EntryFilter(person_id=wanted.person_id, until=wanted.until)


def _heading(asked: Asked, balances: list[AccountBalance], name: str | None, first: str) -> str:
    """Say what stands in the account that is asked for, else what is earned and not paid."""
    if asked.problems:
        return _("Please look at the filters again")
    if asked.search.is_on and not asked.person_id:
        return _("Whose ledger?") if asked.called else _("Nobody is called that")
    accounts = (asked.wanted.account,) if asked.wanted.account else DUE
    wanted = [
        Worth(one.form, one.amount)
        for one in balances
        if one.account in accounts
        and asked.wanted.currency in (None, one.amount.currency)
        and asked.wanted.form in (None, one.form)
    ]
    sums = [one for one in together(wanted, first=first) if one.amount.minor]
    amount = " + ".join(worth_text(one.amount, one.form) for one in sums)
    if asked.wanted.account:
        said = _("%(amount)s in “%(account)s”", amount=amount or "0", account=_(ACCOUNTS[asked.wanted.account]))
    else:
        said = _("%(amount)s earned and not paid", amount=amount) if amount else _("Nothing is owed")
    return _("%(name)s: %(what)s", name=name, what=said) if name else said


def _cells(balances: list[AccountBalance], first: str, kept: dict[str, str]) -> list[tuple[str, list[BalanceCell]]]:
    """Return each currency, of money and of what else there is, with what stands in every account, as in ACCOUNTS."""
    found: dict[tuple[str, str], dict[str, Money]] = {}
    for one in balances:
        found.setdefault((one.form, one.amount.currency), {})[one.account] = one.amount
    rest = {name: value for name, value in kept.items() if name not in ("account", "currency", "form")}

    def cell(form: str, currency: str, account: str) -> BalanceCell:
        amount = found[form, currency].get(account)
        url = url_for(".index", **rest, account=account, currency=currency, form=form)
        return BalanceCell(account, money(amount) if amount is not None else "", url)

    return [
        (
            f"{currency}, {form_label(form)}" if form != "cash" else currency,
            [cell(form, currency, account) for account in ACCOUNTS],
        )
        for form, currency in sorted(found, key=lambda one: (FORMS.index(one[0]), one[1] != first, one[1]))
    ]


def _forms(balances: list[AccountBalance], asked: Asked) -> list[tuple[str, str]]:
    """Return the forms to choose from, where there is anything besides money."""
    there = {one.form for one in balances} | ({asked.wanted.form} if asked.wanted.form else set())
    if not there - {"cash"}:
        return []
    return [(form, form_label(form) or _("Money")) for form in IN_LEDGER if form in there | {"cash"}]


def _rows(session: Session, program: Program, entries: list[BookedEntry]) -> list[EntryRow]:
    ids = sorted({entry.reward_id for entry in entries})
    if not ids:
        return []
    rewards = {row.id: row for row in find_rewards(session, program.id, ids)}
    deeds = {(deed.reward_id, deed.sequence): deed for deed in deeds_of(session, ids)}
    return [_row(entry, rewards[entry.reward_id], deeds[entry.reward_id, entry.reward_sequence]) for entry in entries]


def _row(entry: BookedEntry, reward: ListedReward, deed: RewardDeed) -> EntryRow:
    return EntryRow(
        at=entry.at,
        number=f"{entry.transaction_id.hex[-6:]}.{entry.position}",
        account=_(ACCOUNTS[entry.account]),
        amount=worth_text(entry.amount, entry.form),
        balance=worth_text(entry.balance, entry.form),
        what=deed_text(deed, entry.amount.currency),
        who=actor_text(deed),
        refund=entry.refund_event_id or "",
        cause=what_for(reward),
        reward_id=reward.id,
        conversion_id=reward.conversion_id,
    )
