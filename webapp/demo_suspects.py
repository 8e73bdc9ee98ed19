"""The friends of the demo who look odd, and what its desk makes of them.

They are held by what the signals find, as in any program; nothing here says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.reward_decisions import CHOICES
from webapp.models import Link, Program, User
from webapp.queries.cases import held_in, open_cases
from webapp.queries.screenings import first_screenings
from webapp.services.cases import decide_cases
from webapp.services.clicks import Visit
from webapp.services.sightings import Seen, record_sighting

DEMO_DOMAIN = "demo.example"
# Known to the list of those that hand out addresses for minutes, so nobody waits for mail there.
THROWAWAY_DOMAIN = "mailinator.com"
# So many days before the end. Somebody joins again and again through the same link, from the referrer's own sofa,
# and buys at once; a friend of Ada has an address that is gone within minutes; a stall brings many within the hour.
RING_DAYS_AGO, THROWAWAY_DAYS_AGO, STALL_DAYS_AGO = 5, 3, 2
RING = ("Nina Lopez", "Nina Lopes", "Nina Maria Lopez")
STALL = ("Alma Berg", "Bela Nagy", "Cem Aydin", "Dora Klein", "Edda Holm", "Fritz Lang", "Gita Rao", "Henk Vos")
# And of those that were decided long ago: a sister with her own flat, and one more who threw the address away.
SISTER_DAYS_AGO, THROWN_BEFORE_DAYS_AGO = 26, 19
# The desk decides what is older than this.
DECIDED_AFTER = timedelta(days=6)


class Teller(Protocol):
    """What lets things happen in the story."""

    def arrive(self, link: Link, name: str, email: str, at: datetime, *, seen: Seen, visit: Visit) -> User:
        """Let somebody click on a link, and sign up 40 seconds later."""
        ...

    def buy(self, buyer_id: UUID, at: datetime, *, much: bool) -> None:
        """Let somebody order."""
        ...


@dataclass(frozen=True, slots=True)
class Suspects:
    """Who looks odd on which day. `days` is how long the story is."""

    session: Session
    program: Program
    teller: Teller
    admin_id: UUID
    days: int

    def begin(self, number: int, midnight: datetime, links: list[Link]) -> None:
        """Let happen what does on a day; `links` are those that are shared, the oldest first."""
        days_ago, at = self.days - number, midnight + timedelta(hours=9)
        if days_ago == RING_DAYS_AGO:
            self._ring(links[-1], at)
        if days_ago == SISTER_DAYS_AGO:
            self._sister(links[len(links) // 3], at)
        if days_ago == STALL_DAYS_AGO:
            self._stall(links[len(links) // 2], at)
        if days_ago == THROWAWAY_DAYS_AGO:
            self._throwaway(links[0], "Quinn Day", "quinn.d", at)
        if days_ago == THROWN_BEFORE_DAYS_AGO:
            self._throwaway(links[0], "Toni Fox", "fox4711", at)

    def decide(self, at: datetime) -> None:
        """Decide what has been held for days: who cannot be written to is rejected, the others turn out well."""
        for case in open_cases(self.session, self.program.id):
            if case.key.category == "orders" or case.since > at - DECIDED_AFTER:
                continue
            held = [one for one in held_in(self.session, self.program.id, case.key) if one.since <= at - DECIDED_AFTER]
            looks = first_screenings(self.session, {one.friend_id for one in held})
            thrown = any(found.signal == "disposable_mail" for look in looks.values() for found in look.findings)
            decide_cases(
                self.session,
                self.program.id,
                CHOICES["reject" if thrown else "release"],
                {one.id: one.sequence for one in held},
                reason="other" if thrown else None,
                note="Nobody answers at this address" if thrown else "Asked them: their own flat, and their own card",
                by=self.admin_id,
                now=at,
            )

    def _ring(self, link: Link, at: datetime) -> None:
        """One person who sits where the referrer does, under several names: first the referrer's own."""
        seen = self._at_home(link, at - timedelta(minutes=38))
        themselves = self.session.get_one(User, link.referrer_id)
        local, _at, domain = themselves.email.rpartition("@")
        self._arrive(link, themselves.name, f"{local}+2@{domain}", at - timedelta(minutes=20), seen)
        for number, name in enumerate(RING):
            joined_at = at + timedelta(minutes=3 * number)
            friend = self._arrive(link, name, f"nina.lopez{number + 1}@{domain}", joined_at, seen)
            self.teller.buy(friend.id, joined_at + timedelta(seconds=90), much=True)

    def _sister(self, link: Link, at: datetime) -> None:
        seen = self._at_home(link, at - timedelta(hours=2))
        friend = self._arrive(link, "Ida Lund", f"ida.lund@{self._domain_of(link)}", at, seen)
        self.teller.buy(friend.id, at + timedelta(hours=3), much=False)

    def _stall(self, link: Link, at: datetime) -> None:
        """People at a market, each with a phone of their own."""
        for number, name in enumerate(STALL):
            first, last = name.lower().split()
            joined_at = at + timedelta(hours=2, minutes=4 * number)
            seen = Seen(browser="Chrome", device="phone", hashes=(_place(f"phone {number}"),))
            friend = self._arrive(link, name, f"{first}.{last}@{last}.{DEMO_DOMAIN}", joined_at, seen)
            if number % 3 == 2:
                self.teller.buy(friend.id, joined_at + timedelta(hours=5), much=False)

    def _throwaway(self, link: Link, name: str, local: str, at: datetime) -> None:
        seen = Seen(browser="Edge", device="desktop", hashes=(_place(local),))
        friend = self._arrive(link, name, f"{local}@{THROWAWAY_DOMAIN}", at, seen)
        self.teller.buy(friend.id, at + timedelta(minutes=4), much=True)

    def _at_home(self, link: Link, at: datetime) -> Seen:
        """Let a referrer sign in at home. Returns what is seen of anybody who sits there."""
        home = Seen(browser="Firefox", device="desktop", hashes=(_place(link.code),))
        record_sighting(self.session, link.referrer_id, home, is_signup=False, now=at)
        return home

    def _domain_of(self, link: Link) -> str:
        return self.session.get_one(User, link.referrer_id).email.rpartition("@")[2]

    def _arrive(self, link: Link, name: str, email: str, at: datetime, seen: Seen) -> User:
        visit = Visit(
            browser=seen.browser,
            device=seen.device,
            address_hash=seen.address_hash,
            network_hash=seen.network_hash,
        )
        return self.teller.arrive(link, name, email, at, seen=seen, visit=visit)


def _place(name: str) -> tuple[bytes, bytes]:
    """Return what stands for an address and its network: like hashes of them, but of no address at all."""
    address = name.encode().ljust(16, b".")[:16]
    return address, address[::-1]
