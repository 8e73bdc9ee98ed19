"""Recording clicks, one or many at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Dialect, case, func, select
from sqlalchemy.orm import Session

from webapp.domain.periods import ends_of_day, local_day
from webapp.ids import new_id
from webapp.models import Click, Link, Program
from webapp.services.queues import queue_for
from webapp.services.rollups import count_clicks
from webapp.services.rows import Lookup, append, bind
from webapp.transactions import connection_of

# Two openings of a link within it are one visit.
SAME_VISIT = timedelta(minutes=30)
# Visitors are looked up by so many at once, or a power of two less.
MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Visit:
    """What is kept of how a visitor came. None when not told.

    `source_host` is the host of the page they came from; `browser` and `device` are families, `country` is ISO
    3166-1; `address_hash` and `network_hash` are keyed hashes of the address and of its /64.
    """

    source_host: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    browser: str | None = None
    device: str | None = None
    country: str | None = None
    address_hash: bytes | None = None
    network_hash: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Clicked:
    """A link that is clicked, whose it is, and where its days begin. Two of one link count together."""

    link_id: UUID
    referrer_id: UUID
    program_id: UUID
    time_zone: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A click that is to be recorded: of which link, by which visitor, when and how they came.

    Whoever has just made the visitor's id says so (`new_visitor`): then nothing has to be looked up.
    """

    id: UUID
    clicked: Clicked
    visitor_id: UUID
    new_visitor: bool
    at: datetime
    visit: Visit


def record_click(
    session: Session,
    program: Program,
    link: Link,
    *,
    visitor_id: UUID,
    visit: Visit,
    now: datetime,
    new_visitor: bool = False,
) -> UUID:
    """Store a click and count it. Returns its id."""
    clicked = Clicked(link.id, link.referrer_id, program.id, program.time_zone)
    arrival = Arrival(new_id(), clicked, visitor_id, new_visitor, now, visit)
    record_clicks(session, [arrival])
    return arrival.id


def record_clicks(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Store clicks in their order and count them.

    Each one is told apart: the visitor's first of the day in the program, and
    through the link; and one that belongs to a visit that was counted already.
    """
    seen = _seen_before(session, [arrival for arrival in arrivals if not arrival.new_visitor])
    rows = []
    counts: dict[tuple[Clicked, date, str | None, str | None, str | None], list[int]] = {}
    for arrival in arrivals:
        clicked, visit = arrival.clicked, arrival.visit
        day = local_day(arrival.at, clicked.time_zone)
        new_today, new_on_link, is_repeat = _NEW if arrival.new_visitor else seen.tell(arrival, day)
        rows.append(
            {
                "id": arrival.id,
                "program_id": clicked.program_id,
                "link_id": clicked.link_id,
                "visitor_id": arrival.visitor_id,
                "clicked_at": arrival.at,
                "source_host": visit.source_host,
                "utm_source": visit.utm_source,
                "utm_medium": visit.utm_medium,
                "utm_campaign": visit.utm_campaign,
                "new_today": new_today,
                "new_on_link": new_on_link,
                "is_repeat": is_repeat,
                "browser": visit.browser,
                "device": visit.device,
                "country": visit.country,
                "address_hash": visit.address_hash,
                "network_hash": visit.network_hash,
            }
        )
        key = (clicked, day, visit.utm_source, visit.utm_medium, visit.utm_campaign)
        count = counts.setdefault(key, [0, 0, 0])
        count[0] += 1
        count[1] += new_today
        count[2] += new_on_link
    append(session, Click, rows)
    for (clicked, day, *utm), (clicks, visitors, visitors_on_link) in counts.items():
        of = (clicked.program_id, clicked.link_id, clicked.referrer_id)
        count_clicks(session, *of, day, *utm, clicks=clicks, new_today=visitors, new_on_link=visitors_on_link)


# New today, new on the link, and no repeat.
_NEW = (True, True, False)


class _Seen:
    """What visitors have opened before, as far as it tells a click apart."""

    def __init__(self) -> None:
        self._days: set[tuple[UUID, UUID, date]] = set()
        self._latest: dict[tuple[UUID, UUID], datetime] = {}

    def add(self, visitor_id: UUID, about: UUID, day: date) -> None:
        """Remember that the visitor clicked on a day, in a program or through a link."""
        self._days.add((visitor_id, about, day))

    def add_latest(self, visitor_id: UUID, link_id: UUID, at: datetime) -> None:
        """Remember when the visitor last opened a link."""
        self._latest[visitor_id, link_id] = at

    def tell(self, arrival: Arrival, day: date) -> tuple[bool, bool, bool]:
        """Say of a click whether it is new today, new on its link, and a repeat; and remember it."""
        visitor_id, latest = arrival.visitor_id, self._latest.get((arrival.visitor_id, arrival.clicked.link_id))
        told = (
            (visitor_id, arrival.clicked.program_id, day) not in self._days,
            (visitor_id, arrival.clicked.link_id, day) not in self._days,
            latest is not None and arrival.at - latest <= SAME_VISIT,
        )
        self.add(visitor_id, arrival.clicked.program_id, day)
        self.add(visitor_id, arrival.clicked.link_id, day)
        self.add_latest(visitor_id, arrival.clicked.link_id, arrival.at)
        return told


def _seen_before(session: Session, arrivals: Iterable[Arrival]) -> _Seen:
    """Look up what visitors who are known have opened on the same day, and shortly before."""
    seen = _Seen()
    groups: dict[tuple[UUID, str, date], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        groups[
            arrival.clicked.program_id, arrival.clicked.time_zone, local_day(arrival.at, arrival.clicked.time_zone)
        ].append(arrival)
    # Two taps at once are one visitor. Not a queue for each visitor: whoever tells a long story in one transaction
    # holds all of them, and a server knows only so many.
    for program_id in sorted({program_id for program_id, _zone, _day in groups}):
        of_program = (arrival for group, some in groups.items() if group[0] == program_id for arrival in some)
        queue_for(session, program_id, *{f"visitors:{arrival.visitor_id.hex[:2]}" for arrival in of_program})
    for (program_id, zone, day), group in groups.items():
        for start in range(0, len(group), MOST_AT_ONCE):
            _look_up(session, seen, program_id, zone, day, group[start : start + MOST_AT_ONCE])
    return seen


def _look_up(
    session: Session, seen: _Seen, program_id: UUID, zone: str, day: date, arrivals: Sequence[Arrival]
) -> None:
    since, until = ends_of_day(day, zone)
    first, last = min(arrival.at for arrival in arrivals), max(arrival.at for arrival in arrivals)
    visitors = list({arrival.visitor_id for arrival in arrivals})
    # A few statements serve all numbers of visitors: the last one is asked for again.
    places = 1 << (len(visitors) - 1).bit_length()
    visitors += visitors[-1:] * (places - len(visitors))
    connection = connection_of(session)
    found = _lookup(connection.dialect, places).run(
        connection,
        {
            **{f"visitor_{place}": visitor for place, visitor in enumerate(visitors)},
            "since": min(since, first - SAME_VISIT),
            "until": until,
            "last": last,
        },
    )
    for visitor_id, in_program, link_id, latest, latest_before in found:
        if in_program != program_id:
            # The days of another one begin at other hours.
            continue
        if latest >= since:
            seen.add(visitor_id, link_id, day)
            seen.add(visitor_id, program_id, day)
        if latest_before is not None:
            seen.add_latest(visitor_id, link_id, latest_before)


@lru_cache
def _lookup(dialect: Dialect, places: int) -> Lookup:
    """Return the question what so many visitors have opened in a time, and when last."""
    clicks = Click.__table__.c
    visitors = [bind(f"visitor_{place}", clicks.visitor_id) for place in range(places)]
    latest_before = func.max(case((clicks.clicked_at <= bind("last", clicks.clicked_at), clicks.clicked_at)))
    of = (clicks.visitor_id, clicks.program_id, clicks.link_id)
    return Lookup(
        select(*of, func.max(clicks.clicked_at), latest_before)
        .where(clicks.visitor_id.in_(visitors))
        .where(clicks.clicked_at >= bind("since", clicks.clicked_at))
        .where(clicks.clicked_at < bind("until", clicks.clicked_at))
        .group_by(*of),
        dialect,
    )
