"""A crowd of honest people who look alike: at home on like phones, in offices, on a campus, behind a carrier, in a
following.

They click and sign up minutes to days later; those who bring them sign in now and then, where they live. Nobody of
them cheats, so whoever is held is held in error.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.corpora.people import People
from tests.corpora.world import DAY, HOUR, MINUTE, SECOND, Browser, Home, World
from tests.factories import NOON
from webapp.models import User

# Three weeks in which the crowd arrives, and since when those who were there before have been there.
DAYS = 21
BEGIN, END = NOON - DAYS * DAY, NOON
MANY = 1000
GROUPS = ("households", "offices", "campus", "carrier", "following")


@dataclass(slots=True)
class Friend:
    """One of the crowd, by the group they are of; the account is None until they sign up."""

    group: str
    email: str
    user: User | None = None


class Crowd:
    """Plans what everybody does, and lets it happen in the order of time."""

    def __init__(self, world: World, many: int) -> None:
        self.world, self.chance, self.people = world, world.chance, People(world.chance)
        self.each = many // len(GROUPS)
        self.friends: list[Friend] = []
        self._plan: list[tuple[datetime, Callable[[datetime], None]]] = []
        for group in GROUPS:
            getattr(self, f"_{group}")()

    def arrives(self) -> None:
        """Let all of it happen."""
        for at, happens in sorted(self._plan, key=lambda one: one[0]):
            happens(at)

    # How people behave, wherever they are.

    def _customer(self, email: str) -> User:
        """Somebody who has been here for some weeks or months."""
        return self.world.has_account(email, at=BEGIN - self.chance.uniform(8, 150) * DAY)

    def _when(self, at: datetime, happens: Callable[[datetime], None]) -> None:
        if at < END:
            self._plan.append((at, happens))

    def _signs_in_now_and_then(self, user: User, browser: Browser, where: Callable[[], str], *, every: float) -> None:
        at = BEGIN - 7 * DAY + self.chance.uniform(0, every) * DAY
        while at < END:
            self._when(at, lambda at: self.world.signs_in(user, browser, where(), at))
            at += self.chance.uniform(0.3, 1.7) * every * DAY

    def _shares(self, user: User, browser: Browser, where: Callable[[], str], at: datetime) -> None:
        """They take their link from the page; for that every second one has to sign in."""
        if self.chance.random() < 0.5:
            self._when(at, lambda at: self.world.signs_in(user, browser, where(), at))

    def _comes(
        self, group: str, email: str, referrer: User, browser: Browser, where: Callable[[], str], at: datetime
    ) -> None:
        """A friend clicks, signs up some time later, and buys; one in eight types the code."""
        friend = Friend(group, email)
        by_code = self.chance.random() < 0.125
        signup = at + self._hesitates()
        # All of the crowd is to have come in the end.
        late = max(0, math.ceil((signup - END + DAY) / DAY)) * DAY
        at, signup = at - late, signup - late
        clicked_from = where()
        signs_up_from = clicked_from if signup - at < HOUR else where()
        self.friends.append(friend)
        if not by_code:
            self._when(at, lambda at: self.world.clicks_on(referrer, browser, clicked_from, at))

        def signs_up(at: datetime) -> None:
            typed = referrer if by_code else None
            friend.user = self.world.signs_up(email, browser, signs_up_from, at, typed=typed)

        self._when(signup, signs_up)
        buys = min(signup + self.chance.expovariate(1 / 30) * HOUR, END - SECOND)
        self._when(buys, lambda at: self.world.buys(friend.user, at))

    def _hesitates(self) -> timedelta:
        """How long it takes to sign up: minutes mostly, hours often, days now and then."""
        kind = self.chance.random()
        if kind < 0.6:
            return self.chance.uniform(20, 900) * SECOND
        return self.chance.uniform(0.25, 10) * HOUR if kind < 0.85 else self.chance.uniform(0.4, 4) * DAY

    def _daytime(self, *, hours: tuple[int, int] = (8, 23), days: tuple[float, float] = (0, DAYS - 2)) -> datetime:
        day = BEGIN.replace(hour=0) + int(self.chance.uniform(*days)) * DAY
        return day + self.chance.uniform(*hours) * HOUR

    def _somewhere(self, *often: tuple[float, Callable[[], str]]) -> Callable[[], str]:
        """Return where somebody is: at one of these places so often, else on the way, on an address of their own."""
        way = self.people.v4()

        def where() -> str:
            chosen = self.chance.random()
            for share, place in often:
                if chosen < share:
                    return place()
                chosen -= share
            return way

        return where

    # Where they are.

    def _households(self) -> None:
        """Families and flats: one line, phones of one make, often one family name."""
        for left in _parts(self.each, lambda: self.chance.choice((1, 1, 2, 3))):
            home, last = self.people.home(), self.people.last()
            domain = f"{last}s.example" if self.chance.random() < 0.04 else None
            referrer = self._customer(self.people.mail(last=last, domain=domain))
            phone = self.people.phone()
            at_home = self._at(home, 0)
            where = self._somewhere((0.75, at_home))
            self._signs_in_now_and_then(referrer, phone, where, every=8)
            shared = self._daytime()
            self._shares(referrer, phone, where, shared)
            for device in range(1, left + 1):
                of_family = last if self.chance.random() < 0.6 else None
                email = self.people.mail(last=of_family, domain=domain if self.chance.random() < 0.8 else None)
                alike = self.chance.random() < 0.8
                browser = Browser(phone.family, phone.device) if alike else self.people.browser()
                if self.chance.random() < 0.04:
                    # The tablet in the kitchen is everybody's.
                    browser = Browser("Safari", "tablet")
                    self._when(shared - HOUR, self._signs_in_at(referrer, browser, home))
                came = shared + self.chance.expovariate(1 / 20) * HOUR + MINUTE
                where = self._somewhere((0.75, self._at(home, device)))
                self._comes("households", email, referrer, browser, where, came)

    def _signs_in_at(self, user: User, browser: Browser, home: Home) -> Callable[[datetime], None]:
        return lambda at: self.world.signs_in(user, browser, home.of(9), at)

    def _offices(self) -> None:
        """Firms of six to sixty behind one address each, mostly on the browser that the firm has chosen."""
        parts = _parts(self.each, lambda: self.chance.choice((2, 3, 4, 6, 10, 20)))
        for number, left in enumerate(parts):
            firm, address = f"firm{number}.example", self.people.v4()
            standard = Browser(self.chance.choice(("Edge", "Chrome")), "desktop")
            office = self._somewhere((0.85, lambda address=address: address))
            customers = []
            for _one in range(max(1, left // 3)):
                user, browser = self._customer(self._work_mail(firm)), self._of_office(standard)
                self._signs_in_now_and_then(user, browser, office, every=6)
                customers.append((user, browser))
            referrers = customers[: max(1, left // 6)]
            for user, browser in referrers:
                self._shares(user, browser, office, self._daytime(hours=(8, 12)))
            for _one in range(left):
                referrer, _browser = self.chance.choice(referrers)
                browser, came = self._of_office(standard), self._daytime(hours=(8, 18))
                where = self._somewhere((0.75, lambda address=address: address))
                self._comes("offices", self._work_mail(firm), referrer, browser, where, came)

    def _work_mail(self, firm: str) -> str:
        return self.people.mail(domain=firm if self.chance.random() < 0.5 else None)

    def _of_office(self, standard: Browser) -> Browser:
        return Browser(standard.family, standard.device) if self.chance.random() < 0.65 else self.people.browser()

    def _campus(self) -> None:
        """A university behind a few addresses in the first weeks of its term."""
        pool = [self.people.v4() for _address in range(1 + self.each // 50)]
        on_campus = (0.75, lambda: self.chance.choice(pool))
        for _one in range(self.each // 2):
            user = self._customer(self._student_mail())
            self._signs_in_now_and_then(user, self.people.browser(), self._somewhere(on_campus), every=7)
        hall = self.each // 13
        for left in _parts(self.each - hall, lambda: 1 + int(self.chance.expovariate(1 / 6))):
            referrer, browser = self._customer(self._student_mail()), self.people.browser()
            where = self._somewhere(on_campus)
            self._signs_in_now_and_then(referrer, browser, where, every=5)
            self._shares(referrer, browser, where, self._daytime())
            for _one in range(left):
                came = self._daytime(days=(0, self.chance.choice((7, DAYS - 2))))
                self._comes(
                    *("campus", self._student_mail(), referrer, self.people.browser(), self._somewhere(on_campus), came)
                )
        # A link on the wall of a lecture hall.
        referrer, lecture = self._customer(self._student_mail()), self._daytime(hours=(9, 16))
        address = self.chance.choice(pool)
        for _one in range(hall):
            came = lecture + self.chance.uniform(0, 8) * MINUTE
            browser = self.people.phone() if self.chance.random() < 0.6 else self.people.browser()
            self._comes("campus", self._student_mail(), referrer, browser, lambda: address, came)

    def _student_mail(self) -> str:
        return self.people.mail(domain="example.edu" if self.chance.random() < 0.5 else None)

    def _carrier(self) -> None:
        """A carrier that lets all its phones out by a few addresses, another one each time."""
        pool = [self.people.v4() for _address in range(1 + self.each // 25)]
        mobile = (0.8, lambda: self.chance.choice(pool))
        for _one in range(self.each):
            user = self._customer(self.people.mail())
            self._signs_in_now_and_then(user, self.people.phone(), self._somewhere(mobile), every=8)
        for left in _parts(self.each, lambda: 1 + int(self.chance.expovariate(1 / 4))):
            referrer, browser = self._customer(self.people.mail()), self.people.phone()
            where = self._somewhere(mobile)
            self._signs_in_now_and_then(referrer, browser, where, every=6)
            shared = self._daytime()
            self._shares(referrer, browser, where, shared)
            for _one in range(left):
                came = shared + self.chance.expovariate(1 / 40) * HOUR + MINUTE
                self._comes(
                    *("carrier", self.people.mail(), referrer, self.people.phone(), self._somewhere(mobile), came)
                )

    def _following(self) -> None:
        """Somebody new here whom many know: two posts, after each of which they come by the hundred, over days."""
        star = self.world.has_account(self.people.mail(), at=BEGIN - DAY)
        browser, home = self.people.browser(), self.people.home()
        self._signs_in_now_and_then(star, browser, self._at(home, 0), every=1)
        carriers = [self.people.v4() for _address in range(60)]
        posts = (BEGIN + 1 * DAY, BEGIN + 13 * DAY)
        link = self.world.link_of(star)
        for post, many in zip(posts, (self.each * 2 // 3, self.each - self.each * 2 // 3), strict=True):
            looks: dict[int, list[tuple[Browser, str, datetime]]] = {}
            for _one in range(many * 15):
                # Of a following most only look.
                since = self._after_post()
                look = (self.people.browser(), self._of_following(carriers)(), post + since)
                looks.setdefault(math.ceil(since / (5 * MINUTE)), []).append(look)
            for part, of_part in looks.items():
                in_order = sorted(of_part, key=lambda one: one[2])
                self._when(post + part * 5 * MINUTE, lambda _at, these=in_order: self.world.clicks(link, these))
            for _one in range(many):
                where = self._of_following(carriers)
                came = post + self._after_post()
                self._comes("following", self.people.mail(), star, self.people.browser(), where, came)

    def _after_post(self) -> timedelta:
        mean = self.chance.choice((1.5, 20))
        return min(self.chance.expovariate(1 / mean), 100) * HOUR

    def _of_following(self, carriers: list[str]) -> Callable[[], str]:
        return self._somewhere((0.4, lambda: self.chance.choice(carriers)))

    def _at(self, home: Home, device: int) -> Callable[[], str]:
        return lambda: home.of(device)


def _parts(whole: int, drawn: Callable[[], int]) -> list[int]:
    """Cut a number into parts as they are drawn."""
    parts: list[int] = []
    while left := whole - sum(parts):
        parts.append(min(drawn(), left))
    return parts
