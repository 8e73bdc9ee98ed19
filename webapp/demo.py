"""A believable history of a program, told through the same services that real people use.

The same seed gives the same figures. Codes still come from `secrets`: nothing
in the figures depends on them.
"""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.demo_bank import Bank
from webapp.demo_desk import Desk
from webapp.demo_suspects import DEMO_DOMAIN, THROWAWAY_DOMAIN, Suspects
from webapp.domain.money import Money
from webapp.models import Link, Program, User
from webapp.queries.links import first_link_of
from webapp.queries.rewards import RewardRow
from webapp.services.clicks import Visit, record_click
from webapp.services.conversions import Event, record_conversion
from webapp.services.links import open_link
from webapp.services.people import create_person
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import mature_rewards
from webapp.services.sightings import Seen
from webapp.services.signups import CameBy, sign_up

# Where everybody of the story has their address, or below it.
DEMO_DOMAINS = (DEMO_DOMAIN, THROWAWAY_DOMAIN)
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
# How many customers, the newest first, share most of the orders.
LIVELY_CUSTOMERS = 25
# In minor units. A few customers pay in another currency, and their rewards stay in it.
PRICES = (900, 1450, 1800, 2400, 2975, 3600, 4200, 5850)
ABROAD, ABROAD_SHARE = "EUR", 0.08
# Of the orders: how many are sent back, how many of those whole, and how late.
RETURNED_SHARE = 0.07
WHOLE_SHARE = 0.7
LATEST_RETURN_DAYS = 40

# Ada's other link, and how much of what comes through her comes through it.
STAR_CODE, STAR_LABEL, STAR_SECOND_SHARE = "ada-brews", "My coffee newsletter", 0.35
# So many days before the end someone who opened no link buys with Ada's coupon code.
COUPON, COUPON_DAYS_AGO, COUPON_FRIEND = "ADA10", 8, "Hannah Brooks"

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
    ("web.whatsapp.com", "whatsapp", "chat", None),
    ("www.instagram.com", "instagram", "social", "autumn-box"),
    ("t.co", "x", "social", "autumn-box"),
    ("mail.google.com", "newsletter", "email", "autumn-box"),
    (None, None, None, None),
)
NEWSLETTER = Visit("mail.google.com", "newsletter", "email", "ada-brews")
# What visitors come with; of each visitor always the same.
DEVICES = (
    ("Safari", "phone"),
    ("Chrome", "phone"),
    ("Instagram", "phone"),
    ("Chrome", "desktop"),
    ("Safari", "phone"),
    ("Firefox", "desktop"),
    ("Samsung Internet", "phone"),
    ("Chrome", "desktop"),
    ("Safari", "tablet"),
    ("Edge", "desktop"),
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
    desk: Desk
    bank: Bank
    sharers: list[_Sharer]
    # The other link of the first of them.
    second: Link
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
        visitor, link, new = self._visitor()
        self._click(visitor, link, NEWSLETTER if link is self.second else _visit(self.rng), at, new=new)
        self.visitors.append((visitor, link))

    def signup(self, at: datetime) -> None:
        if not self.visitors:
            return
        came_by = _came_by(self.rng, self.visitors, self.sharers, self.joined)
        user = self._join(came_by, _identity(self.rng, len(self.joined)), at)
        self.sharers.append(_Sharer(first_link_of(self.session, user.id), self.rng.paretovariate(1.1)))
        self.customers.append(user.id)

    def purchase(self, at: datetime) -> None:
        if not self.customers:
            return
        self.purchases += 1
        # Whoever joined lately buys most: some have many orders, many have one.
        buyer = self.customers[-1 - int(self.rng.expovariate(1 / LIVELY_CUSTOMERS)) % len(self.customers)]
        amount = Money(self.rng.choice(PRICES), self.program.currency if self.rng.random() > ABROAD_SHARE else ABROAD)
        event = Event(
            type="purchase",
            occurred_at=at,
            event_id=f"demo-purchase-{self.purchases}",
            amount=amount,
            order_id=str(1000 + self.purchases),
        )
        self.desk.today += self._record(event, buyer)
        if self.rng.random() < RETURNED_SHARE:
            wanted = None if self.rng.random() < WHOLE_SHARE else amount.minor // 4
            days = self.rng.uniform(1, LATEST_RETURN_DAYS)
            self.returns.append((at + timedelta(days=days), event.event_id or "", wanted))

    def coupon(self, at: datetime) -> None:
        """Somebody whom no link brought buys with a coupon code."""
        first, last = COUPON_FRIEND.lower().split()
        identity = {"name": COUPON_FRIEND, "email": f"{first}.{last}@{last}.{DEMO_DOMAIN}"}
        friend = self._join(CameBy(coupon=self.second), identity, at)
        self.desk.today += self._order(friend.id, at + timedelta(minutes=1), PRICES[-2])

    def arrive(self, link: Link, name: str, email: str, at: datetime, *, seen: Seen, visit: Visit) -> User:
        """Let somebody click on a link, and sign up 40 seconds later."""
        visitor = UUID(int=self.rng.getrandbits(128), version=4)
        self._click(visitor, link, visit, at, new=True)
        came_by = CameBy(visitor_id=visitor, seen=replace(seen, visitor_id=visitor))
        return self._join(came_by, {"name": name, "email": email}, at + timedelta(seconds=40))

    def buy(self, buyer_id: UUID, at: datetime, *, much: bool) -> None:
        """Let somebody order."""
        self._order(buyer_id, at, PRICES[-1] if much else PRICES[2])

    def night(self, number: int, at: datetime) -> None:
        """What happens when a day is over: holds end, and the desk does its work."""
        self.take_returns(at)
        mature_rewards(self.session, at)
        self.desk.work(number, at)
        self.bank.work(number, at)
        if (order := self.bank.order_with_a_bonus(number)) is not None:
            self.returns.append((at, order, None))

    def take_returns(self, until: datetime) -> None:
        """Let the orders come back that did so by now, in their order."""
        for returned_at, event_id, wanted in sorted(one for one in self.returns if one[0] <= until):
            self.returns.remove((returned_at, event_id, wanted))
            self.refunds += 1
            report = RefundReport(
                event_id=f"demo-refund-{self.refunds}",
                occurred_at=returned_at,
                conversion_event_id=event_id,
                wanted_minor=wanted,
            )
            record_refund(self.session, self.program.id, report, actor=SYSTEM, now=returned_at)

    def _order(self, buyer_id: UUID, at: datetime, minor: int) -> list[RewardRow]:
        self.purchases += 1
        event = Event(
            type="purchase",
            occurred_at=at,
            event_id=f"demo-purchase-{self.purchases}",
            amount=Money(minor, self.program.currency),
            order_id=str(1000 + self.purchases),
        )
        return self._record(event, buyer_id)

    def _click(self, visitor_id: UUID, link: Link, visit: Visit, at: datetime, *, new: bool) -> None:
        if visit.browser is None:
            browser, device = DEVICES[visitor_id.int % len(DEVICES)]
            visit = replace(visit, browser=browser, device=device)
        record_click(self.session, self.program, link, visitor_id=visitor_id, visit=visit, now=at, new_visitor=new)
        self.clicks += 1

    def _visitor(self) -> tuple[UUID, Link, bool]:
        """Return who comes through which link, and whether it is for the first time."""
        rng = self.rng
        if self.visitors and rng.random() < RETURNING_SHARE:
            return *rng.choice(self.visitors[-400:]), False
        if rng.random() < STAR_SHARE:
            link = self.second if rng.random() < STAR_SECOND_SHARE else self.sharers[0].link
        else:
            weights = [sharer.weight for sharer in self.sharers]
            link = rng.choices(self.sharers, weights=weights)[0].link
        return UUID(int=rng.getrandbits(128), version=4), link, True

    def _record(self, event: Event, buyer_id: UUID) -> list[RewardRow]:
        recorded = record_conversion(
            self.session, self.program.id, event, user_id=buyer_id, actor=SYSTEM, now=event.occurred_at
        )
        return recorded.rewards

    def _join(self, came_by: CameBy, identity: dict[str, str], at: datetime) -> User:
        signed_up = sign_up(
            self.session,
            self.program,
            **identity,
            password_hash=None,
            came_by=came_by,
            choose=secrets.choice,
            now=at,
        )
        self.joined.add(came_by.visitor_id or signed_up.user.id)
        self.referrals += signed_up.referral is not None
        return signed_up.user


def tell_story(session: Session, program: Program, *, days: int, seed: int, until: datetime) -> Told:
    """Write the history of `days` days, in the caller's transaction. The last of them ends early, at `until`.

    The days are those of the calendar in UTC, so that a seed tells the same whatever the hour.
    """
    rng = random.Random(seed)
    program.name = "Fernhill Coffee"
    start = datetime.combine(until.astimezone(UTC).date(), time.min, tzinfo=UTC) - timedelta(days=days - 1)
    founders = _founders(session, program, start)
    sharers = [_Sharer(first_link_of(session, user.id), 1.0) for user in founders]
    second = open_link(
        session,
        program,
        founders[0],
        code=STAR_CODE,
        label=STAR_LABEL,
        destination_url=None,
        choose=secrets.choice,
        now=start,
    )
    desk = Desk(session, program, rng, founders[-1].id, days, second)
    desk.open(start, COUPON)
    bank = Bank(session, program, founders[-1].id, founders[0].id, days)
    story = _Story(session, program, rng, desk, bank, sharers, second)
    suspects = Suspects(session, program, story, founders[-1].id, days)
    tell = {"click": story.click, "signup": story.signup, "purchase": story.purchase}
    for number, moments in enumerate(_days(rng, start, days), 1):
        desk.begin(number, start + timedelta(days=number - 1))
        suspects.begin(number, start + timedelta(days=number - 1), [sharer.link for sharer in sharers])
        for at, kind in moments:
            if at <= until:
                story.take_returns(at)
                tell[kind](at)
        if number == days - COUPON_DAYS_AGO:
            story.coupon(start + timedelta(days=number - 1, hours=14))
        suspects.decide(min(start + timedelta(days=number), until) - timedelta(hours=5))
        story.night(number, min(start + timedelta(days=number), until))
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
    host, source, medium, campaign = rng.choice(SOURCES)
    return Visit(source_host=host, utm_source=source, utm_medium=medium, utm_campaign=campaign)


def _identity(rng: random.Random, number: int) -> dict[str, str]:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    # Everybody at a domain of their own: strangers who share one would look related.
    return {"name": f"{first} {last}", "email": f"{first}.{last}@{last}{number}.{DEMO_DOMAIN}".lower()}
