"""What an open transaction offers those who write in it: its connection, its end, and sending several things together.

Who opens and commits it is said in `webapp.database`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

# What a write transaction keeps in the session's `info` while it is open.
OPEN, CONNECTION, AT_THE_END, GATHERED, NOTED = "writing", "connection", "at_the_end", "gathered", "noted"
BEFORE_THE_END = "before_the_end"

# What was noted: a name and labels, in order of their names.
Noted = tuple[str, tuple[tuple[str, str], ...]]


def connection_of(session: Session) -> Connection:
    """Return the connection of the session's transaction; within a write transaction without looking for it."""
    connection: Connection | None = session.info.get(CONNECTION)
    return session.connection() if connection is None else connection


def at_the_end(session: Session, write: Callable[[Session], None]) -> None:
    """Leave something for the very end of the write transaction, just before it commits.

    For rows that many transactions change: others wait for them only as long as
    a commit takes. And for rows that nobody reads in the same transaction.
    """
    _left_in(session).append(write)


def before_the_end(session: Session, write: Callable[[Session], None]) -> None:
    """Leave something for when all else is done, which asks the database too; what is left for the very end follows.

    For what has to wait for others: nobody waits for this transaction longer than for that and a commit.
    """
    _left_in(session)
    session.info.setdefault(BEFORE_THE_END, []).append(write)


class Gathering(Protocol):
    """What many parts of a transaction add to, to be written once."""

    def write(self, session: Session) -> None:
        """Write it all."""


GatheringT = TypeVar("GatheringT", bound=Gathering)


def gathered(session: Session, kind: type[GatheringT]) -> GatheringT:
    """Return what this write transaction gathers of a kind; it is written after all else that was left for the end."""
    _left_in(session)
    kinds: dict[type[Gathering], Any] = session.info.setdefault(GATHERED, {})
    if kind not in kinds:
        kinds[kind] = kind()
    gathering: GatheringT = kinds[kind]
    return gathering


def note(session: Session, what: str, **labels: str) -> None:
    """Note that something happened, for whoever watches the site; they hear of it once it is committed."""
    noted: Counter[Noted] = session.info.setdefault(NOTED, Counter())
    noted[what, tuple(sorted(labels.items()))] += 1


def _left_in(session: Session) -> list[Callable[[Session], None]]:
    if not session.info.get(OPEN) or session.in_nested_transaction():
        raise RuntimeError("only a write transaction has an end to leave things for, and not within a savepoint")
    left: list[Callable[[Session], None]] = session.info.setdefault(AT_THE_END, [])
    return left


@contextmanager
def sent_together(session: Session) -> Iterator[None]:
    """Send what is written inside without waiting for each answer; any failure is raised at the end at the latest.

    Only for statements whose outcome nobody asks for. SQLite has no way to wait for.
    """
    connection = connection_of(session)
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    errors: type[Exception] = dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except errors as error:
        # What fails on the way is the driver's own error; callers know those of SQLAlchemy.
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(None, None, error, errors, hide_parameters=True, dialect=dialect) from error


def write_what_comes_before(session: Session) -> None:
    """Write what was left for when all else is done."""
    for write in session.info.pop(BEFORE_THE_END, ()):
        write(session)


def write_what_was_left(session: Session) -> None:
    """Write what was left for the end now."""
    write_what_comes_before(session)
    for write in session.info.pop(AT_THE_END, ()):
        write(session)
    for gathering in session.info.pop(GATHERED, {}).values():
        gathering.write(session)
