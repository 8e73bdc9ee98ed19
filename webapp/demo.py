"""A believable history of a program, told through the same services that real people use.

The same seed gives the same figures. Codes still come from `secrets`: nothing
in the figures depends on them.
"""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.models import Link, Program, User
from webapp.queries.links import first_link_of
from webapp.services.clicks import Visit, record_click
from webapp.services.people import create_person
from webapp.services.signups import CameBy, sign_up

DEMO_DOMAIN = "demo.example"
CLICKS_PER_DAY = 111
SIGNUPS_PER_DAY = 1.65
RETURNING_SHARE = 0.3
# Of the new visitors: how many come through the one whom a visitor of the demo signs in as.
STAR_SHARE = 0.1
# Of those who sign up: who types a code, and who comes by themselves.
TYPED_SHARE = 0.12
UNREFERRED_SHARE = 0.15
# Monday to Sunday.
WEEKDAYS = (0.8, 0.85, 0.9, 1.0, 1.15, 1.35, 1.2)
PEAK_DAYS = 4
PEAK_FACTOR = 3.5

_FIRST_NAMES = """
Aisha Amara Ben Bruno Carla Chen Daniel Dina Elif Emma Farid Finn Grace Hana Hugo Ines Ivan Jonas Julia Kofi Lea Leo
Lina Luca Mara Mei Milan Mina Nadia Nils Nina Noor Olga Omar Paula Priya Rafael Rosa Sam Sara Sofia Tariq Tom Uma Vera
Yara Yusuf Zoe
"""
_LAST_NAMES = """
Adeyemi Ahmed Andersen Bauer Becker Costa Dang Diaz Eriksen Fischer Garcia Haddad Hoffmann Ito Jansen Kaya Keller Khan
Kowalski Larsen Lopez Meyer Mensah Moreau Nguyen Novak Okafor Olsen Park Patel Petrov Rossi Santos Schmidt Shah Silva
Singh Sousa Svensson Tanaka Weber Wolf Yilmaz Young Zhang
"""
FIRST_NAMES, LAST_NAMES = _FIRST_NAMES.split(), _LAST_NAMES.split()
SOURCES = (
    ("web.whatsapp.com", "whatsapp", "chat"),
    ("www.instagram.com", "instagram", "social"),
    ("t.co", "x", "social"),
    ("mail.google.com", "newsletter", "email"),
    (None, None, None),
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone to sign in as."""

    name: str
    role: str

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@{DEMO_DOMAIN}"


PEOPLE = (DemoPerson("Ada Okafor", "referrer"), DemoPerson("Jo Winter", "marketer"), DemoPerson("Marta Voss", "admin"))


@dataclass(frozen=True, slots=True)
class Told:
    """How much there is to look at."""

    people: int
    clicks: int
    referrals: int


@dataclass(slots=True)
class _Sharer:
    link: Link
    weight: float


def tell_story(session: Session, program: Program, *, days: int, seed: int, until: datetime) -> Told:
    """Write the history of `days` days that end with `until`, in the caller's transaction."""
    rng = random.Random(seed)
    program.name = "Fernhill Coffee"
    start = until - timedelta(days=days)
    sharers = [_Sharer(first_link_of(session, user.id), 1.0) for user in _founders(session, program, start)]
    visitors: list[tuple[UUID, Link]] = []
    joined: set[UUID] = set()
    clicks = referrals = 0
    for at, kind in _moments(rng, start, days):
        if kind == "click":
            visitor, link = _visitor(rng, visitors, sharers)
            record_click(session, program, link, visitor_id=visitor, visit=_visit(rng), now=at)
            visitors.append((visitor, link))
            clicks += 1
        elif visitors:
            came_by = _came_by(rng, visitors, sharers, joined)
            signed_up = sign_up(
                session,
                program,
                **_identity(rng, len(joined)),
                password_hash=None,
                came_by=came_by,
                choose=secrets.choice,
                now=at,
            )
            joined.add(came_by.visitor_id or signed_up.user.id)
            sharers.append(_Sharer(first_link_of(session, signed_up.user.id), rng.paretovariate(1.1)))
            referrals += signed_up.referral is not None
    return Told(people=len(joined) + len(PEOPLE), clicks=clicks, referrals=referrals)


def _founders(session: Session, program: Program, at: datetime) -> list[User]:
    return [
        create_person(
            session,
            program,
            name=person.name,
            email=person.email,
            password_hash=None,
            role=person.role,
            verified=True,
            choose=secrets.choice,
            now=at,
        )
        for person in PEOPLE
    ]


def _moments(rng: random.Random, start: datetime, days: int) -> Iterator[tuple[datetime, str]]:
    """Yield clicks and signups in the order of time: busier weekends, a slow growth and one campaign."""
    peak = int(days * 0.88)
    for number in range(days):
        day = start + timedelta(days=number)
        factor = WEEKDAYS[day.weekday()] * (0.6 + 0.8 * number / days)
        if peak <= number < peak + PEAK_DAYS:
            factor *= PEAK_FACTOR
        kinds = ["click"] * _about(rng, CLICKS_PER_DAY * factor) + ["signup"] * _about(rng, SIGNUPS_PER_DAY * factor)
        moments = sorted((day + timedelta(seconds=rng.uniform(0, 86_399)), kind) for kind in kinds)
        yield from moments


def _about(rng: random.Random, mean: float) -> int:
    """Return a whole number around a mean, one that keeps the mean also when it is small."""
    value = rng.gauss(mean, mean**0.5)
    return max(0, int(value) + (rng.random() < value % 1))


def _visitor(rng: random.Random, visitors: list[tuple[UUID, Link]], sharers: list[_Sharer]) -> tuple[UUID, Link]:
    if visitors and rng.random() < RETURNING_SHARE:
        return rng.choice(visitors[-400:])
    star = rng.random() < STAR_SHARE
    sharer = sharers[0] if star else rng.choices(sharers, weights=[sharer.weight for sharer in sharers])[0]
    return UUID(int=rng.getrandbits(128), version=4), sharer.link


def _came_by(
    rng: random.Random, visitors: list[tuple[UUID, Link]], sharers: list[_Sharer], joined: set[UUID]
) -> CameBy:
    share = rng.random()
    if share < UNREFERRED_SHARE:
        return CameBy()
    visitor = next((known for known, _ in reversed(visitors[-rng.randint(1, 300) :]) if known not in joined), None)
    if share < UNREFERRED_SHARE + TYPED_SHARE:
        return CameBy(typed=rng.choice(sharers).link, visitor_id=visitor)
    return CameBy(visitor_id=visitor)


def _visit(rng: random.Random) -> Visit:
    host, source, medium = rng.choice(SOURCES)
    return Visit(source_host=host, utm_source=source, utm_medium=medium, utm_campaign="autumn" if source else None)


def _identity(rng: random.Random, number: int) -> dict[str, str]:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return {"name": f"{first} {last}", "email": f"{first}.{last}.{number}@{DEMO_DOMAIN}".lower()}
