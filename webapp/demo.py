"""A believable history of a program, told through the same services that real people use.

The same seed gives the same figures. Codes still come from `secrets`: nothing
in the figures depends on them.
"""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.rules import read_rule
from webapp.models import Link, Program, User
from webapp.queries.links import first_link_of
from webapp.services.clicks import Visit, record_click
from webapp.services.conversions import Event, record_conversion
from webapp.services.people import create_person
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.rewards import SYSTEM, mature_rewards
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy, sign_up

DEMO_DOMAIN = "demo.example"
PER_DAY = {"click": 100, "signup": 1.25, "purchase": 3}
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
# In minor units. A few customers pay in another currency, and their rewards stay in it.
PRICES = (900, 1450, 1800, 2400, 2975, 3600, 4200, 5850)
ABROAD, ABROAD_SHARE = "EUR", 0.08
# Of the orders: how many are sent back, how many of those whole, and how late.
RETURNED_SHARE = 0.07
WHOLE_SHARE = 0.7
LATEST_RETURN_DAYS = 40

RULES = (
    {
        "key": "referrer-15-percent",
        "name": "15% of a friend’s first twelve orders",
        "trigger": "purchase",
        "beneficiary": "referrer",
        "kind": "percent_of_purchase",
        "settings": {"percent": "15", "first_purchases": 12},
        "hold_days": 30,
    },
    {
        "key": "friend-5-dollars",
        "name": "$5 for joining through a friend",
        "trigger": "signup",
        "beneficiary": "friend",
        "kind": "fixed_amount",
        "settings": {"amount": 500, "currency": "USD"},
        "hold_days": 14,
    },
)

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
    purchases: int
    refunds: int


@dataclass(slots=True)
class _Sharer:
    link: Link
    weight: float


@dataclass(slots=True)
class _Story:
    """What has happened so far."""

    session: Session
    program: Program
    rng: random.Random
    sharers: list[_Sharer]
    visitors: list[tuple[UUID, Link]] = field(default_factory=list)
    joined: set[UUID] = field(default_factory=set)
    customers: list[UUID] = field(default_factory=list)
    # When an order will be sent back, of which purchase, and how much of it: None for all.
    returns: list[tuple[datetime, str, int | None]] = field(default_factory=list)
    clicks: int = 0
    referrals: int = 0
    purchases: int = 0
    refunds: int = 0

    def click(self, at: datetime) -> None:
        visitor, link, new = _visitor(self.rng, self.visitors, self.sharers)
        visit = _visit(self.rng)
        record_click(self.session, self.program, link, visitor_id=visitor, visit=visit, now=at, new_visitor=new)
        self.visitors.append((visitor, link))
        self.clicks += 1

    def signup(self, at: datetime) -> None:
        if not self.visitors:
            return
        came_by = _came_by(self.rng, self.visitors, self.sharers, self.joined)
        signed_up = sign_up(
            self.session,
            self.program,
            **_identity(self.rng, len(self.joined)),
            password_hash=None,
            came_by=came_by,
            choose=secrets.choice,
            now=at,
        )
        self.joined.add(came_by.visitor_id or signed_up.user.id)
        self.sharers.append(_Sharer(first_link_of(self.session, signed_up.user.id), self.rng.paretovariate(1.1)))
        self.customers.append(signed_up.user.id)
        self.referrals += signed_up.referral is not None

    def purchase(self, at: datetime) -> None:
        if not self.customers:
            return
        self.purchases += 1
        # Whoever bought lately buys again: some have many orders, many have one.
        buyer = self.customers[min(int(self.rng.paretovariate(0.6)), len(self.customers)) * -1]
        amount = Money(self.rng.choice(PRICES), self.program.currency if self.rng.random() > ABROAD_SHARE else ABROAD)
        event = Event(
            type="purchase",
            occurred_at=at,
            event_id=f"demo-purchase-{self.purchases}",
            amount=amount,
            order_id=str(1000 + self.purchases),
        )
        record_conversion(self.session, self.program.id, event, user_id=buyer, actor=SYSTEM, now=at)
        if self.rng.random() < RETURNED_SHARE:
            wanted = None if self.rng.random() < WHOLE_SHARE else amount.minor // 4
            days = self.rng.uniform(1, LATEST_RETURN_DAYS)
            self.returns.append((at + timedelta(days=days), event.event_id or "", wanted))

    def night(self, at: datetime) -> None:
        """What happens when a day is over: orders come back, and holds end."""
        for returned_at, event_id, wanted in sorted(one for one in self.returns if one[0] <= at):
            self.returns.remove((returned_at, event_id, wanted))
            self.refunds += 1
            report = RefundReport(
                event_id=f"demo-refund-{self.refunds}",
                occurred_at=returned_at,
                conversion_event_id=event_id,
                wanted_minor=wanted,
            )
            record_refund(self.session, self.program.id, report, actor=SYSTEM, now=returned_at)
        mature_rewards(self.session, at)


def tell_story(session: Session, program: Program, *, days: int, seed: int, until: datetime) -> Told:
    """Write the history of `days` days, in the caller's transaction. The last of them ends early, at `until`.

    The days are those of the calendar in UTC, so that a seed tells the same whatever the hour.
    """
    rng = random.Random(seed)
    program.name = "Fernhill Coffee"
    start = datetime.combine(until.astimezone(UTC).date(), time.min, tzinfo=UTC) - timedelta(days=days - 1)
    sharers = [_Sharer(first_link_of(session, user.id), 1.0) for user in _founders(session, program, start)]
    publish_rules(
        session, program, [read_rule(rule) for rule in RULES], prune=False, note="The first rules", by=None, now=start
    )
    story = _Story(session, program, rng, sharers)
    tell = {"click": story.click, "signup": story.signup, "purchase": story.purchase}
    for number, moments in enumerate(_days(rng, start, days), 1):
        for at, kind in moments:
            if at <= until:
                tell[kind](at)
        story.night(min(start + timedelta(days=number), until))
    return Told(
        people=len(story.joined) + len(PEOPLE),
        clicks=story.clicks,
        referrals=story.referrals,
        purchases=story.purchases,
        refunds=story.refunds,
    )


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


def _days(rng: random.Random, start: datetime, days: int) -> Iterator[list[tuple[datetime, str]]]:
    """Yield what happens on each day in the order of time: busier weekends, a slow growth and one campaign."""
    peak = int(days * 0.88)
    for number in range(days):
        day = start + timedelta(days=number)
        factor = WEEKDAYS[day.weekday()] * (0.6 + 0.8 * number / days)
        if peak <= number < peak + PEAK_DAYS:
            factor *= PEAK_FACTOR
        kinds = [kind for kind, mean in PER_DAY.items() for _ in range(_about(rng, mean * factor))]
        yield sorted((day + timedelta(seconds=rng.uniform(0, 86_399)), kind) for kind in kinds)


def _about(rng: random.Random, mean: float) -> int:
    """Return a whole number around a mean, one that keeps the mean also when it is small."""
    value = rng.gauss(mean, mean**0.5)
    return max(0, int(value) + (rng.random() < value % 1))


def _visitor(rng: random.Random, visitors: list[tuple[UUID, Link]], sharers: list[_Sharer]) -> tuple[UUID, Link, bool]:
    """Return who comes through which link, and whether it is for the first time."""
    if visitors and rng.random() < RETURNING_SHARE:
        return *rng.choice(visitors[-400:]), False
    star = rng.random() < STAR_SHARE
    sharer = sharers[0] if star else rng.choices(sharers, weights=[sharer.weight for sharer in sharers])[0]
    return UUID(int=rng.getrandbits(128), version=4), sharer.link, True


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
