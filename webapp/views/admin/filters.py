"""What the lists of staff are narrowed down by, as it stands in their addresses. What is no filter is left aside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from sqlalchemy.orm import Session

from webapp.domain.periods import read_as_of
from webapp.forms.typed import without_nul
from webapp.models import Program
from webapp.queries.people_search import person_name

LONGEST_SEARCH = 100
# Asked for when an address was looked for that nobody here has.
NOBODY = "nobody"
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Search:
    """Whom or what is looked for: a text, or one person, whose name is None when there is nobody like that."""

    text: str | None
    person_id: UUID | None
    person_name: str | None
    found_nobody: bool

    @property
    def is_on(self) -> bool:
        return self.text is not None or self.person_id is not None or self.found_nobody


def one_of(name: str, known: Iterable[str]) -> str | None:
    value = request.args.get(name)
    return value if value in set(known) else None


def an_id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def search(session: Session, program_id: UUID) -> Search:
    """Read what is looked for. An e-mail is never in an address, so a text with an @ is not looked for either."""
    text = without_nul(request.args.get("q", "")).strip()[:LONGEST_SEARCH]
    person_id = an_id("person")
    name = person_name(session, program_id, person_id) if person_id else None
    nobody = request.args.get("person") == NOBODY or (person_id is not None and name is None)
    return Search(text if text and "@" not in text else None, person_id, name, nobody)


def period(program: Program) -> tuple[datetime | None, datetime | None]:
    """Read the days `since` and `until`, both inclusive, as moments: from the one, until before the other."""
    zone = ZoneInfo(program.time_zone)
    first, last = _day("since"), _day("until")
    return (
        datetime.combine(first, time.min, zone) if first else None,
        datetime.combine(last + timedelta(days=1), time.min, zone) if last else None,
    )


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment as of which something is asked for, inclusive, and the same as it stands in the address."""

    moment: datetime
    text: str

    @property
    def is_day(self) -> bool:
        """Whether a day was named, whose end is meant."""
        return "T" not in self.text

    @property
    def day(self) -> str:
        return self.text.partition("T")[0]

    @property
    def time(self) -> str:
        """The time of day; empty for a day's end."""
        return self.text.partition("T")[2]


def as_of(program: Program) -> AsOf | None:
    """Read the moment `as_of`, a day or a day and a time in the program's time zone; None for now.

    The time may also stand beside the day, as `at`: forms send it so, to whom a day without one is the whole day.
    """
    text, time_of_day = request.args.get("as_of", ""), request.args.get("at", "")
    if time_of_day:
        text = f"{text}T{time_of_day}"
    moment = read_as_of(text, program.time_zone)
    return AsOf(moment, text) if moment else None


def is_no_moment(asked: AsOf | None) -> bool:
    """Say whether a moment was asked for that is none."""
    return asked is None and bool(request.args.get("as_of") or request.args.get("at"))


def kept(names: Iterable[str]) -> dict[str, str]:
    """Return the filters of the address that are set, for links and forms that leave them as they are."""
    wanted = {name: request.args.get(name, "") for name in names}
    return {name: value for name, value in wanted.items() if value and "@" not in value}


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None
