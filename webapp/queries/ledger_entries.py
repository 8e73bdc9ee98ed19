"""The accounts of the ledger as of any moment: what stands in them, and the entries that led there.

A balance as of a moment is the sum of the entries that were booked until then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.ledger import ACCOUNTS
from webapp.domain.money import Money
from webapp.domain.rewards import FORMS, Form
from webapp.models import LedgerEntry, LedgerTransaction, Refund, RewardEvent, User
from webapp.queries.paging import UnknownCursorError

PAGE = 40
# Of the people who have anything in an account; the file has all of them.
LARGEST = 50


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Whose entries of which account; None is without that condition. `until` is inclusive, None all that is booked."""

    person_id: UUID | None = None
    account: str | None = None
    currency: str | None = None
    form: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What stands in one account in one form and currency: money, store credit and what else there is stay apart."""

    account: str
    amount: Money
    form: str


@dataclass(frozen=True, slots=True)
class PersonBalance:
    """What stands in one account of one person, in one form and currency."""

    person_id: UUID
    person_name: str
    person_email: str
    account: str
    amount: Money
    form: str


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """One entry of somebody's ledger; `balance` is what stands in its account since.

    `reward_id` and `reward_sequence` name the event that caused it, the refund is that event's, if there was one.
    """

    transaction_id: UUID
    position: int
    at: datetime
    account: str
    amount: Money
    balance: Money
    reward_id: UUID
    reward_sequence: int
    refund_event_id: str | None
    refunded_at: datetime | None
    form: str


def balances_at(session: Session, program_id: UUID, wanted: EntryFilter) -> list[AccountBalance]:
    """Return what stands in each account, form and currency in which anything was ever booked: money first."""
    key = (LedgerEntry.account, LedgerEntry.currency, LedgerEntry.kind)
    query = select(*key, func.sum(LedgerEntry.amount_minor)).where(*_conditions(program_id, wanted)).group_by(*key)
    if wanted.until is not None:
        query = query.join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
    found = [
        AccountBalance(account, Money(int(minor), currency), form)
        for account, currency, form, minor in session.execute(query)
    ]
    return sorted(found, key=_order)


def _order(one: AccountBalance) -> tuple[int, str, int]:
    return FORMS.index(cast(Form, one.form)), one.amount.currency, ACCOUNTS.index(one.account)


def largest_balances(
    session: Session, program_id: UUID, wanted: EntryFilter, *, limit: int = LARGEST
) -> list[PersonBalance]:
    """Return the largest of what stands in people's accounts, at most `limit`, whether above zero or below."""
    query = _by_person(program_id, wanted).order_by(func.abs(_MINOR).desc(), User.name, User.id).limit(limit)
    return [
        PersonBalance(id_, name, email, account, Money(int(total), currency), form)
        for id_, name, email, account, currency, form, total in session.execute(query)
    ]


def stream_person_balances(session: Session, program_id: UUID, wanted: EntryFilter) -> Iterator[PersonBalance]:
    """Yield what stands in the accounts of everybody who has anything in one, by name."""
    order = (User.name, User.id, LedgerEntry.kind, LedgerEntry.currency, LedgerEntry.account)
    query = _by_person(program_id, wanted).order_by(*order)
    for id_, name, email, account, currency, form, total in session.execute(query.execution_options(yield_per=500)):
        yield PersonBalance(id_, name, email, account, Money(int(total), currency), form)


def list_entries(
    session: Session, program_id: UUID, wanted: EntryFilter, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[BookedEntry], UUID | None]:
    """Return the entries of one person, the latest first, and where the next page begins; `limit` or a few less.

    A page never parts the entries of a transaction, so that the transaction it
    ends with is the cursor; any other raises UnknownCursorError.
    """
    book = _book(program_id, wanted).subquery()
    query = _with_causes(book)
    if before is not None:
        query = query.where(_earlier_than(session, book, before))
    order = (book.c.at.desc(), book.c.reward_sequence.desc(), book.c.transaction_id.desc(), book.c.position.desc())
    rows = [_entry(row) for row in session.execute(query.order_by(*order).limit(limit + 1))]
    if len(rows) <= limit:
        return rows, None
    # A transaction has a handful of entries, fewer than a page.
    rows = [row for row in rows if row.transaction_id != rows[-1].transaction_id]
    return rows, rows[-1].transaction_id


def stream_entries(session: Session, program_id: UUID, wanted: EntryFilter) -> Iterator[BookedEntry]:
    """Yield the entries of one person, the earliest first."""
    book = _book(program_id, wanted).subquery()
    query = _with_causes(book).order_by(book.c.at, book.c.reward_sequence, book.c.transaction_id, book.c.position)
    for row in session.execute(query.execution_options(yield_per=500)):
        yield _entry(row)


_MINOR = func.sum(LedgerEntry.amount_minor)


def _by_person(program_id: UUID, wanted: EntryFilter) -> Select[*tuple[Any, ...]]:
    """What stands in each account of everybody, where that is anything."""
    key = (User.id, User.name, User.email, LedgerEntry.account, LedgerEntry.currency, LedgerEntry.kind)
    query = (
        select(*key, _MINOR)
        .join(User, User.id == LedgerEntry.user_id)
        .where(*_conditions(program_id, wanted))
        .group_by(*key)
        .having(_MINOR != 0)
    )
    if wanted.until is not None:
        query = query.join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
    return query


def _conditions(program_id: UUID, wanted: EntryFilter) -> list[ColumnElement[bool]]:
    conditions = [LedgerEntry.program_id == program_id]
    for column, value in (
        (LedgerEntry.user_id, wanted.person_id),
        (LedgerEntry.account, wanted.account),
        (LedgerEntry.currency, wanted.currency),
        (LedgerEntry.kind, wanted.form),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.until is not None:
        conditions.append(LedgerTransaction.at <= wanted.until)
    return conditions


def _book(program_id: UUID, wanted: EntryFilter) -> Select[*tuple[Any, ...]]:
    """Every entry with what stands in its account since. Of one moment, the events of a reward in their own order."""
    if wanted.person_id is None:
        raise ValueError("entries are those of one person")
    since = func.sum(LedgerEntry.amount_minor).over(
        partition_by=(LedgerEntry.account, LedgerEntry.currency, LedgerEntry.kind),
        order_by=(
            LedgerTransaction.at,
            LedgerTransaction.reward_sequence,
            LedgerEntry.transaction_id,
            LedgerEntry.position,
        ),
    )
    return (
        select(
            LedgerEntry.transaction_id,
            LedgerEntry.position,
            LedgerTransaction.at,
            LedgerEntry.account,
            LedgerEntry.currency,
            LedgerEntry.kind,
            LedgerEntry.amount_minor,
            since.label("balance_minor"),
            LedgerTransaction.reward_id,
            LedgerTransaction.reward_sequence,
        )
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(*_conditions(program_id, wanted))
    )


def _with_causes(book: Any) -> Select[*tuple[Any, ...]]:
    caused = and_(RewardEvent.reward_id == book.c.reward_id, RewardEvent.sequence == book.c.reward_sequence)
    return (
        select(book, Refund.event_id.label("refund_event_id"), Refund.occurred_at.label("refunded_at"))
        .join(RewardEvent, caused)
        .outerjoin(Refund, Refund.id == RewardEvent.refund_id)
    )


def _earlier_than(session: Session, book: Any, before: UUID) -> ColumnElement[bool]:
    found = session.execute(select(book.c.at, book.c.reward_sequence).where(book.c.transaction_id == before)).first()
    if found is None:
        raise UnknownCursorError
    at, sequence = found
    same_moment = or_(
        book.c.reward_sequence < sequence,
        and_(book.c.reward_sequence == sequence, book.c.transaction_id < before),
    )
    return or_(book.c.at < at, and_(book.c.at == at, same_moment))


def _entry(row: Any) -> BookedEntry:
    return BookedEntry(
        transaction_id=row.transaction_id,
        position=row.position,
        at=row.at,
        account=row.account,
        amount=Money(row.amount_minor, row.currency),
        balance=Money(int(row.balance_minor), row.currency),
        reward_id=row.reward_id,
        reward_sequence=row.reward_sequence,
        refund_event_id=row.refund_event_id,
        refunded_at=row.refunded_at,
        form=row.kind,
    )
