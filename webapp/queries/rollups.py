"""Roll-ups against the raw rows they were counted from."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.periods import local_day
from webapp.models import Click, Link, LinkDay, Program, ProgramDay, Referral

ROWS_AT_A_TIME = 5_000


class LinkDayKey(NamedTuple):
    """One link on one day."""

    link_id: UUID
    referrer_id: UUID
    day: date


def raw_counts(session: Session) -> dict[LinkDayKey, tuple[int, int]]:
    """Count clicks and credited signups by link and day, from the rows themselves.

    Read in a stream: a day depends on the program's time zone, which the two
    engines do not compute alike.
    """
    zones = dict(session.execute(select(Program.id, Program.time_zone)).all())
    counts: dict[LinkDayKey, tuple[int, int]] = {}
    clicks = select(Click.link_id, Link.referrer_id, Click.program_id, Click.clicked_at).join(
        Link, Link.id == Click.link_id
    )
    for link_id, referrer_id, program_id, at in session.execute(clicks).yield_per(ROWS_AT_A_TIME):
        key = LinkDayKey(link_id, referrer_id, local_day(at, zones[program_id]))
        had = counts.get(key, (0, 0))
        counts[key] = (had[0] + 1, had[1])
    signups = select(Referral.link_id, Link.referrer_id, Referral.program_id, Referral.created_at).join(
        Link, Link.id == Referral.link_id
    )
    for link_id, referrer_id, program_id, at in session.execute(signups).yield_per(ROWS_AT_A_TIME):
        key = LinkDayKey(link_id, referrer_id, local_day(at, zones[program_id]))
        had = counts.get(key, (0, 0))
        counts[key] = (had[0], had[1] + 1)
    return counts


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for every roll-up that differs from its raw rows."""
    expected = raw_counts(session)
    stored = {
        LinkDayKey(row.link_id, row.referrer_id, row.day): (row.clicks, row.signups)
        for row in session.scalars(select(LinkDay))
    }
    for key in sorted(expected.keys() | stored.keys(), key=lambda key: (key.day, key.link_id)):
        right, found = expected.get(key, (0, 0)), stored.get(key, (0, 0))
        if right != found:
            yield _line(f"link {key.link_id}", key.day, found, right)
    program_of = dict(session.execute(select(Link.id, Link.program_id)).all())
    sums: dict[tuple[UUID, date], tuple[int, int]] = {}
    for key, (clicks, signups) in expected.items():
        had = sums.get((program_of[key.link_id], key.day), (0, 0))
        sums[program_of[key.link_id], key.day] = (had[0] + clicks, had[1] + signups)
    days = {(row.program_id, row.day): (row.clicks, row.signups) for row in session.scalars(select(ProgramDay))}
    for program_id, day in sorted(sums.keys() | days.keys(), key=lambda pair: (pair[1], pair[0])):
        right, found = sums.get((program_id, day), (0, 0)), days.get((program_id, day), (0, 0))
        if right != found:
            yield _line(f"program {program_id}", day, found, right)


def _line(what: str, day: date, found: tuple[int, int], right: tuple[int, int]) -> str:
    return (
        f"{what} on {day}: the roll-up says {found[0]} clicks and {found[1]} signups,"
        f" the rows say {right[0]} and {right[1]}"
    )
