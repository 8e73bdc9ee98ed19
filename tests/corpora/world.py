"""People with browsers on addresses, who click, sign up, sign in and buy, each through the service that does it."""

import os
import random
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories, money
from webapp.clicks.addresses import AddressKey, hashes_of
from webapp.database import write_transaction
from webapp.forms.addresses import read_address
from webapp.ids import new_id
from webapp.models import Conversion, Link, Reward, User
from webapp.services.clicks import Arrival, Clicked, Visit, record_clicks
from webapp.services.people import EmailTakenError
from webapp.services.sightings import Seen, record_sighting
from webapp.services.signups import CameBy, sign_up
from webapp.transactions import write_what_was_left

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=one) for one in (1, 60, 3600, 86_400))
# All of a corpus, or the slice that judges a change.
ALL = os.environ.get("GRAPEVINE_CORPORA_ALL") == "1"
# Nobody looks at an address, only whether it is the same one; that the salts change is tried elsewhere.
_KEY = AddressKey(b"addresses of the corpora", datetime.max.replace(tzinfo=UTC))

Fate = Literal["payable", "held", "denied"]
_FATES: Mapping[str, Fate] = {"held": "held", "rejected": "denied", "reversed": "denied"}


@dataclass(slots=True)
class Browser:
    """A browser by its families. Clicks and people make its visitor and a signup forgets it, as with the cookie."""

    family: str = "Chrome"
    device: str = "phone"
    visitor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """A line into the network: one IPv4 address for all who are there, or a /64 in which each device has its own."""

    address: str
    is_v6: bool = False

    def of(self, device: int) -> str:
        """Return the address of a device."""
        return str(IPv6Address(self.address) + 0x1000 + device * 7919) if self.is_v6 else self.address


class Undone(Exception):  # noqa: N818 - no error: it ends a history as if it had never been
    """Raised to take a history back."""


@contextmanager
def history(*seed: object, signals: Mapping[str, Any] | None = None) -> Iterator["World"]:
    """A world that is gone afterwards; the same seed tells the same one. `signals` are those of its program."""
    try:
        with write_transaction() as session:
            yield World(session, random.Random(":".join(map(str, seed))), signals or {})
            raise Undone
    except Undone:
        pass


class World:
    """A program that rewards both sides of each purchase, and the people who come across it."""

    def __init__(self, session: Session, chance: random.Random, signals: Mapping[str, Any]) -> None:
        self.session, self.chance = session, chance
        self.program = factories.program(session)
        self.program.signals = signals
        money.publish(session)
        money.publish(session, **money.TEN_DOLLARS, beneficiary="friend", trigger="purchase")
        self._links: dict[UUID, Link] = {}
        self._bought = 0

    def has_account(self, email: str, *, at: datetime, name: str = "Ada Okafor") -> User:
        """Somebody whose account nobody brought."""
        return factories.person(self.session, name=name, email=email, now=at)

    def link_of(self, user: User) -> Link:
        """Return the link that somebody shares."""
        if user.id not in self._links:
            self._links[user.id] = factories.link_of(self.session, user)
        return self._links[user.id]

    def clicks(self, link: Link, visits: Iterable[tuple[Browser, str, datetime]], *, source: str | None = None) -> None:
        """Open a link in browsers, as they come."""
        clicked = Clicked(link.id, link.referrer_id, self.program.id, self.program.time_zone)
        arrivals = []
        for browser, address, at in visits:
            is_new = browser.visitor_id is None
            browser.visitor_id = browser.visitor_id or new_id()
            address_hash, network_hash = hashes_of(address, _KEY)
            visit = Visit(
                source_host=source,
                browser=browser.family,
                device=browser.device,
                address_hash=address_hash,
                network_hash=network_hash,
            )
            arrivals.append(Arrival(new_id(), clicked, browser.visitor_id, is_new, at, visit))
        record_clicks(self.session, arrivals)
        self._ends()

    def clicks_on(self, user: User, browser: Browser, address: str, at: datetime, *, source: str | None = None) -> None:
        """Open somebody's link."""
        self.clicks(self.link_of(user), [(browser, address, at)], source=source)

    def signs_in(self, user: User, browser: Browser, address: str, at: datetime) -> None:
        """Somebody signs in, or out."""
        browser.visitor_id = browser.visitor_id or new_id()
        record_sighting(self.session, user.id, _seen(browser, address), is_signup=False, now=at)

    def signs_up(
        self, email: str, browser: Browser, address: str, at: datetime, *, typed: User | None = None
    ) -> User | None:
        """Sign up in a browser, with what it clicked before or with a typed code; None when the form refuses it."""
        link = self.link_of(typed) if typed else None
        try:
            email = read_address(email)
            signed_up = sign_up(
                self.session,
                self.program,
                name="Bob Miller",
                email=email,
                password_hash=None,
                came_by=CameBy(typed=link, visitor_id=browser.visitor_id, seen=_seen(browser, address)),
                choose=secrets.choice,
                now=at,
            )
        except (ValueError, EmailTakenError):
            return None
        browser.visitor_id = None
        self._ends()
        return signed_up.user

    def buys(self, user: User | None, at: datetime) -> None:
        """Somebody, if they got as far, buys for a few dollars."""
        if user is not None:
            self._bought += 1
            minor = self.chance.randint(900, 25_000)
            amount = f"{minor // 100}.{minor % 100:02} USD"
            money.buy(self.session, user, amount, event_id=f"evt_{self._bought}", at=at)
            self._ends()

    def fates(self, users: Sequence[User | None]) -> list[set[Fate]]:
        """Say of each what became of the rewards for what they did; nothing of those who have none."""
        rows = self.session.execute(
            select(Conversion.user_id, Reward.status)
            .join(Reward, Reward.conversion_id == Conversion.id)
            .where(Conversion.user_id.in_([user.id for user in users if user]))
        )
        fates: dict[UUID, set[Fate]] = defaultdict(set)
        for user_id, status in rows:
            fates[user_id].add(_FATES.get(status, "payable"))
        return [fates[user.id] if user else set() for user in users]

    def _ends(self) -> None:
        """Write what is counted at the end of each transaction: here all of them are one, to be taken back."""
        write_what_was_left(self.session)


def _seen(browser: Browser, address: str) -> Seen:
    return Seen(browser.visitor_id, browser.family, browser.device, (hashes_of(address, _KEY),))
