"""Exchange quotes: which counts for what, and all that there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.quotes import Pair, Quote
from webapp.domain.replaying.quoted import Added
from webapp.models import ExchangeQuote, User
from webapp.queries.paging import older_than

PAGE = 50


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A quote, and who added it when; `counts` says whether it is the one that counts at the moment asked for."""

    id: UUID
    quote: Quote
    added_by: str
    added_at: datetime
    counts: bool


def quotes_at(
    session: Session, program_id: UUID, pairs: Iterable[Pair], moment: datetime, *, known_at: datetime
) -> tuple[Quote, ...]:
    """Return for each pair of currencies that has one the quote that counts at a moment, of those `known_at` another.

    That is the newest of those that are valid by then, whichever way round; of two for one moment the later added.
    """
    found = []
    for one, other in sorted(sorted(pair) for pair in pairs):
        row = session.execute(
            select(*_QUOTE)
            .where(
                ExchangeQuote.program_id == program_id,
                _is_of(one, other),
                ExchangeQuote.valid_from <= moment,
                ExchangeQuote.added_at <= known_at,
            )
            .order_by(ExchangeQuote.valid_from.desc(), ExchangeQuote.sequence.desc())
            .limit(1)
        ).one_or_none()
        if row is not None:
            found.append(Quote(*row))
    return tuple(found)


def all_quotes(session: Session, program_id: UUID) -> list[Added]:
    """Return every quote of a program, in the order in which they were added: of two for one moment the last counts."""
    rows = session.execute(
        select(*_QUOTE, ExchangeQuote.added_at)
        .where(ExchangeQuote.program_id == program_id)
        .order_by(ExchangeQuote.sequence)
    )
    return [Added(Quote(*row[:-1]), row.added_at) for row in rows]


def list_quotes(
    session: Session, program_id: UUID, *, now: datetime, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[StoredQuote], UUID | None]:
    """Return all quotes, the latest added first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    whose = ExchangeQuote.program_id == program_id
    query = (
        select(*_QUOTE, ExchangeQuote.id, User.name, ExchangeQuote.added_at)
        .join(User, User.id == ExchangeQuote.added_by)
        .where(whose)
    )
    if before is not None:
        query = query.where(older_than(session, ExchangeQuote.added_at, ExchangeQuote.id, before, of=whose))
    order = (ExchangeQuote.added_at.desc(), ExchangeQuote.id.desc())
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    counting = _counting(session, program_id, now)
    listed = [
        StoredQuote(row.id, Quote(*row[:4]), row.name, row.added_at, counts=row.id in counting) for row in rows[:limit]
    ]
    return listed, listed[-1].id if len(rows) > limit else None


_QUOTE = (ExchangeQuote.base, ExchangeQuote.counter, ExchangeQuote.rate, ExchangeQuote.valid_from)


def _is_of(one: str, other: str) -> ColumnElement[bool]:
    return or_(
        and_(ExchangeQuote.base == one, ExchangeQuote.counter == other),
        and_(ExchangeQuote.base == other, ExchangeQuote.counter == one),
    )


def _counting(session: Session, program_id: UUID, now: datetime) -> set[UUID]:
    """Return the quotes that count now, one of each pair."""
    is_sorted = ExchangeQuote.base < ExchangeQuote.counter
    pair = (
        case((is_sorted, ExchangeQuote.base), else_=ExchangeQuote.counter),
        case((is_sorted, ExchangeQuote.counter), else_=ExchangeQuote.base),
    )
    newest = (ExchangeQuote.valid_from.desc(), ExchangeQuote.sequence.desc())
    ranked = (
        select(ExchangeQuote.id, func.row_number().over(partition_by=pair, order_by=newest).label("nth"))
        .where(ExchangeQuote.program_id == program_id, ExchangeQuote.valid_from <= now)
        .subquery()
    )
    return set(session.scalars(select(ranked.c.id).where(ranked.c.nth == 1)))
