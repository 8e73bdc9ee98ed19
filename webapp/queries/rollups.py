"""Roll-ups against the raw rows they were counted from."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.periods import local_day
from webapp.models import Click, Conversion, Link, LinkDay, Program, ProgramDay, Referral

ROWS_AT_A_TIME = 5_000


class LinkDayKey(NamedTuple):
    """One link on one day."""

    link_id: UUID
    referrer_id: UUID
    day: date


class Counts(NamedTuple):
    """What happened on one day. `signups` and `purchases` are those of friends."""

    clicks: int = 0
    signups: int = 0
    purchases: int = 0
    visitors: int = 0
    buyers: int = 0
    repeat_buyers: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Counts()


def raw_counts(session: Session) -> dict[LinkDayKey, Counts]:
    """Count clicks, credited signups and friends' purchases by link and day, from the rows themselves.

    Read in a stream: a day depends on the program's time zone, which the two
    engines do not compute alike.
    """
    zones = dict(session.execute(select(Program.id, Program.time_zone)).all())
    counts: dict[LinkDayKey, Counts] = {}
    for one, query in _RAW:
        for link_id, referrer_id, program_id, at in session.execute(query).yield_per(ROWS_AT_A_TIME):
            key = LinkDayKey(link_id, referrer_id, local_day(at, zones[program_id]))
            counts[key] = counts.get(key, NOTHING).plus(one)
    return counts


def by_program(session: Session, counts: dict[LinkDayKey, Counts]) -> dict[tuple[UUID, date], Counts]:
    """Add the counts of links up to those of whole programs."""
    program_of = dict(session.execute(select(Link.id, Link.program_id)).all())
    sums: dict[tuple[UUID, date], Counts] = {}
    for key, count in counts.items():
        program_day = (program_of[key.link_id], key.day)
        sums[program_day] = sums.get(program_day, NOTHING).plus(count)
    return sums


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for every roll-up that differs from its raw rows."""
    expected = raw_counts(session)
    stored = {
        LinkDayKey(row.link_id, row.referrer_id, row.day): _counts(row) for row in session.scalars(select(LinkDay))
    }
    for key in sorted(_differing(expected, stored), key=lambda key: (key.day, key.link_id)):
        yield _line(f"link {key.link_id}", key.day, stored.get(key, NOTHING), expected.get(key, NOTHING))
    sums = by_program(session, expected)
    days = {(row.program_id, row.day): _counts(row) for row in session.scalars(select(ProgramDay))}
    for program_id, day in sorted(_differing(sums, days), key=lambda pair: (pair[1], pair[0])):
        found, right = days.get((program_id, day), NOTHING), sums.get((program_id, day), NOTHING)
        yield _line(f"program {program_id}", day, found, right)


KeyT = TypeVar("KeyT")

# What one row adds, and which link, referrer, program and moment it belongs to.
_RAW = (
    (
        Counts(clicks=1),
        select(Click.link_id, Link.referrer_id, Click.program_id, Click.clicked_at).join(
            Link, Link.id == Click.link_id
        ),
    ),
    (
        Counts(signups=1),
        select(Referral.link_id, Link.referrer_id, Referral.program_id, Referral.created_at).join(
            Link, Link.id == Referral.link_id
        ),
    ),
    (
        Counts(purchases=1),
        select(Referral.link_id, Link.referrer_id, Conversion.program_id, Conversion.occurred_at)
        .select_from(Conversion)
        .join(Referral, Referral.id == Conversion.referral_id)
        .join(Link, Link.id == Referral.link_id)
        .where(Conversion.type == "purchase"),
    ),
)


def _counts(row: LinkDay | ProgramDay) -> Counts:
    return Counts(row.clicks, row.signups, row.purchases, row.visitors, row.buyers, row.repeat_buyers)


def _differing(right: dict[KeyT, Counts], found: dict[KeyT, Counts]) -> Iterable[KeyT]:
    return (key for key in right.keys() | found.keys() if right.get(key, NOTHING) != found.get(key, NOTHING))


def _line(what: str, day: date, found: Counts, right: Counts) -> str:
    def said(counts: Counts) -> str:
        return f"{counts.clicks} clicks, {counts.signups} signups and {counts.purchases} purchases"

    return f"{what} on {day}: the roll-up says {said(found)}, the rows say {said(right)}"
