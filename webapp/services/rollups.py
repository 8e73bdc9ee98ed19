"""Keeping the counts by day, in the transaction of what they count, at its end."""

from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Dialect, delete, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.periods import local_day
from webapp.models import Link, LinkDay, Model, Program, ProgramDay
from webapp.queries.rollups import Counts, LinkDayKey, by_program, raw_counts
from webapp.services.rows import Insertion
from webapp.transactions import at_the_end, connection_of


def count_click(session: Session, program: Program, link: Link, at: datetime) -> None:
    """Add one click to its day."""
    _add(session, program.id, LinkDayKey(link.id, link.referrer_id, local_day(at, program.time_zone)), Counts(clicks=1))


def count_signup(session: Session, program: Program, link_id: UUID, referrer_id: UUID, at: datetime) -> None:
    """Add one credited signup to its day."""
    _add(session, program.id, LinkDayKey(link_id, referrer_id, local_day(at, program.time_zone)), Counts(signups=1))


def count_purchase(session: Session, program_id: UUID, link_id: UUID, referrer_id: UUID, day: date) -> None:
    """Add one purchase of a friend to its day."""
    _add(session, program_id, LinkDayKey(link_id, referrer_id, day), Counts(purchases=1))


def rebuild(session: Session) -> int:
    """Write the roll-ups anew from the raw rows. Returns the number of link days.

    New clicks, signups and purchases wait meanwhile; on SQLite they do so behind any write.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE clicks, referrals, conversions IN SHARE MODE"))
    session.execute(delete(LinkDay))
    session.execute(delete(ProgramDay))
    counts = raw_counts(session)
    if counts:
        session.execute(
            insert(LinkDay),
            [
                {"link_id": key.link_id, "day": key.day, "referrer_id": key.referrer_id, **count._asdict()}
                for key, count in counts.items()
            ],
        )
        session.execute(insert(ProgramDay), _program_days(session, counts))
    return len(counts)


def _program_days(session: Session, counts: dict[LinkDayKey, Counts]) -> list[dict[str, object]]:
    return [
        {"program_id": program_id, "day": day, **count._asdict()}
        for (program_id, day), count in by_program(session, counts).items()
    ]


def _add(session: Session, program_id: UUID, key: LinkDayKey, more: Counts) -> None:
    def write(session: Session) -> None:
        connection, counts = connection_of(session), more._asdict()
        # The program's row comes second in every transaction, so that two of them never wait for each other in a ring.
        for table, row in (
            ("link_days", {**key._asdict(), **counts}),
            ("program_days", {"program_id": program_id, "day": key.day, **counts}),
        ):
            _addition(connection.dialect, table, tuple(row)).run(connection, [row])

    # A program's row of today is everybody's.
    at_the_end(session, write)


@lru_cache
def _addition(dialect: Dialect, table_name: str, columns: tuple[str, ...]) -> Insertion:
    """Return the statement that adds counts to a day's row or makes it."""
    table = Model.metadata.tables[table_name]
    statement = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    counts = {name: table.c[name] + statement.excluded[name] for name in Counts._fields}
    upsert = statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=counts)
    return Insertion(upsert, dialect, columns)
