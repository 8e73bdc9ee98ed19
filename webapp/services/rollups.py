"""Keeping the counts by day, in the transaction of what they count."""

from collections import Counter
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Insert, delete, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.periods import local_day
from webapp.models import Link, LinkDay, Model, Program, ProgramDay
from webapp.queries.rollups import LinkDayKey, raw_counts


def count_click(session: Session, program: Program, link: Link, at: datetime) -> None:
    """Add one click to its day."""
    _add(session, program, link.id, link.referrer_id, at, clicks=1, signups=0)


def count_signup(session: Session, program: Program, link_id: UUID, referrer_id: UUID, at: datetime) -> None:
    """Add one credited signup to its day."""
    _add(session, program, link_id, referrer_id, at, clicks=0, signups=1)


def rebuild(session: Session) -> int:
    """Write the roll-ups anew from the raw rows. Returns the number of link days.

    New clicks and signups wait meanwhile; on SQLite they do so behind any write.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE clicks, referrals IN SHARE MODE"))
    session.execute(delete(LinkDay))
    session.execute(delete(ProgramDay))
    counts = raw_counts(session)
    if counts:
        session.execute(
            insert(LinkDay),
            [
                {"link_id": key.link_id, "day": key.day, "referrer_id": key.referrer_id, "clicks": c, "signups": s}
                for key, (c, s) in counts.items()
            ],
        )
        session.execute(insert(ProgramDay), _program_days(session, counts))
    return len(counts)


def _program_days(session: Session, counts: dict[LinkDayKey, tuple[int, int]]) -> list[dict[str, object]]:
    program_of = dict(session.execute(select(Link.id, Link.program_id)).all())
    clicks: Counter[tuple[UUID, object]] = Counter()
    signups: Counter[tuple[UUID, object]] = Counter()
    for key, (c, s) in counts.items():
        clicks[program_of[key.link_id], key.day] += c
        signups[program_of[key.link_id], key.day] += s
    return [
        {"program_id": program_id, "day": day, "clicks": clicks[program_id, day], "signups": signups[program_id, day]}
        for program_id, day in clicks
    ]


def _add(
    session: Session, program: Program, link_id: UUID, referrer_id: UUID, at: datetime, *, clicks: int, signups: int
) -> None:
    connection, day = session.connection(), local_day(at, program.time_zone)
    more = {"day": day, "clicks": clicks, "signups": signups}
    # The program's row comes second in every transaction, so that two of them never wait for each other in a ring.
    connection.execute(
        _addition(connection.dialect.name, "link_days"), {"link_id": link_id, "referrer_id": referrer_id, **more}
    )
    connection.execute(_addition(connection.dialect.name, "program_days"), {"program_id": program.id, **more})


@lru_cache
def _addition(dialect_name: str, table_name: str) -> Insert:
    """Return the statement that adds counts to a day's row or makes it.

    Built once: building it costs more than running it.
    """
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    table = Model.metadata.tables[table_name]
    statement = dialect.insert(table)
    counts = {name: table.c[name] + statement.excluded[name] for name in ("clicks", "signups")}
    addition: Insert = statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=counts)
    return addition
