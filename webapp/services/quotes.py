"""Exchange quotes: adding one, and looking at those that a rule compares by."""

from collections.abc import Set
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.quotes import Pair, Quote
from webapp.ids import new_id
from webapp.models import ExchangeQuote
from webapp.queries.quotes import quotes_at
from webapp.services.audit import record_act
from webapp.services.queues import queue_for
from webapp.services.rows import append


def add_quote(session: Session, program_id: UUID, quote: Quote, *, by: UUID, now: datetime) -> UUID:
    """Add a quote, which counts for what is decided from now on about what happens from its moment on."""
    queue_for(session, program_id, "quotes")
    last = session.scalar(select(func.max(ExchangeQuote.sequence)).where(ExchangeQuote.program_id == program_id))
    quote_id = new_id()
    row = {
        "id": quote_id,
        "program_id": program_id,
        "sequence": (last or 0) + 1,
        "base": quote.base,
        "counter": quote.counter,
        "rate": quote.rate,
        "valid_from": quote.valid_from,
        "added_by": by,
        "added_at": now,
    }
    append(session, ExchangeQuote, [row])
    about = {"base": quote.base, "counter": quote.counter, "rate": quote.rate}
    record_act(session, program_id, "quote_added", subject="quote", subject_id=quote_id, by=by, now=now, details=about)
    return quote_id


def with_quotes(session: Session, program_id: UUID, facts: Facts, pairs: Set[Pair], *, told_at: datetime) -> Facts:
    """Return facts with the quotes of these pairs of currencies that count for the event, beside those they hold.

    That is of those that were known when the event was told: later ones change nothing that was decided.
    """
    missing = pairs - {quote.pair for quote in facts.quotes}
    if not missing:
        return facts
    found = quotes_at(session, program_id, missing, facts.occurred_at, known_at=told_at)
    return replace(facts, quotes=(*facts.quotes, *found))
