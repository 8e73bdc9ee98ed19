"""Twelve ways of being paid for nobody new, each told in 25 histories that differ in what people would do differently.

A history says how many of its false friends get through, at most: none, unless `gets_through` of its class says why.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.corpora.people import People
from tests.corpora.world import DAY, HOUR, MINUTE, SECOND, Browser, Home, World
from tests.factories import NOON
from webapp.models import User

MANY = 25
# What a program that keeps a list has on it.
COUPON_SITE = "coupons.example"
SIGNALS = {"banned_source": {"hosts": [COUPON_SITE]}}
# What velocity lets anybody bring.
AN_HOUR = 5
# What one home lets anybody bring in a week.
A_WEEK_AT_HOME = 3


@dataclass(slots=True)
class Told:
    """What came of a history: the false friends, those who are not, and how many of the false ones get through."""

    false: list[User | None] = field(default_factory=list)
    honest: list[User | None] = field(default_factory=list)
    get_through: int = 0


@dataclass(frozen=True, slots=True)
class Abuse:
    """A class of abuse: how it is told, and what of it would still get through, in words."""

    tell: Callable[["Stage"], Told]
    gets_through: str


ABUSE: dict[str, Abuse] = {}


def abuse(gets_through: str) -> Callable[[Callable[["Stage"], Told]], Callable[["Stage"], Told]]:
    """Make a function known as the history of a class of abuse, by its name."""

    def register(tell: Callable[["Stage"], Told]) -> Callable[["Stage"], Told]:
        ABUSE[tell.__name__] = Abuse(tell, gets_through)
        return tell

    return register


class Stage:
    """Where one history is told: somebody who cheats, their browser and home, and the number of the history."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.chance, self.number = world, world.chance, number
        self.people = People(world.chance)
        self.at: datetime = NOON - self.chance.uniform(6, 12) * DAY
        self.home = self.people.home()
        self.browser = self.people.browser()
        self.email = self.people.mail()
        self.cheat = world.has_account(self.email, at=self.at - self.chance.uniform(20, 170) * DAY)

    def way(self, *ways: str) -> str:
        """Return how this one is done: all ways in turn."""
        return ways[self.number % len(ways)]

    def passes(self, least: float, most: float, unit: object) -> datetime:
        """Let some time pass."""
        self.at += self.chance.uniform(least, most) * unit  # type: ignore[operator]
        return self.at

    def friend(
        self,
        browser: Browser,
        address: str,
        *,
        email: str | None = None,
        of: User | None = None,
        by_code: bool = False,
        source: str | None = None,
        seconds: tuple[float, float] = (25, 300),
    ) -> User | None:
        """Somebody clicks (or types the code), signs up and buys an hour later."""
        of = of or self.cheat
        if not by_code:
            self.world.clicks_on(of, browser, address, self.at, source=source)
        self.passes(*seconds, SECOND)
        user = self.world.signs_up(
            email or self.people.mail(), browser, address, self.at, typed=of if by_code else None
        )
        self.world.buys(user, self.at + HOUR)
        return user

    def signs_in(self, browser: Browser, address: str, *, user: User | None = None) -> None:
        """The one who cheats, or somebody else, signs in."""
        self.world.signs_in(user or self.cheat, browser, address, self.at)


@abuse("somebody who cleans the browser and only afterwards signs in with it to see what they earned")
def own_browser(stage: Stage) -> Told:
    """The browser in which the referrer signs in signs up once more, with a mailbox that has nothing to do with it."""
    way = stage.way("has just signed in", "signed in days ago", "types the code", "has just joined", "cleans it first")
    browser, address = stage.browser, stage.home.of(0)
    if way == "has just joined":
        joined = stage.world.signs_up(stage.people.mail(), browser, address, stage.at)
        assert joined is not None
        stage.cheat = joined
        stage.passes(5, 90, MINUTE)
    if way != "cleans it first":
        # In, or out: nobody can sign up while they are signed in.
        stage.signs_in(browser, address)
        stage.passes(1, 30, MINUTE)
    if way == "signed in days ago":
        stage.passes(1, 6, DAY)
        address = stage.people.v4()
    false = stage.friend(browser, address, by_code=way == "types the code")
    if way == "cleans it first":
        stage.passes(1, 3, HOUR)
        stage.signs_in(browser, address)
    return Told([false], get_through=int(way == "cleans it first"))


@abuse("up to three in seven days, who are what a household is, unless they are alike in something else")
def second_phone(stage: Stage) -> Told:
    """Another phone at home signs up, with another mailbox each time and without its cookies."""
    phone = Browser(stage.browser.family, stage.browser.device) if stage.number % 5 else stage.people.phone()
    false = []
    many = 1 + stage.number % 6
    for _one in range(many):
        stage.signs_in(stage.browser, stage.home.of(0))
        stage.passes(0.2, 20, HOUR)
        phone.visitor_id = None
        false.append(stage.friend(phone, stage.home.of(1)))
    return Told(false, get_through=many if stage.number % 5 == 0 else A_WEEK_AT_HOME)


@abuse("a domain that hands out addresses since yesterday and is on no list yet")
def throwaway_mail(stage: Stage) -> Told:
    """Addresses that are gone within minutes, from wherever."""
    domains = ("mailinator.com", "yopmail.com", "guerrillamail.com", "10minutemail.com", "trashmail.com")
    domains += ("sharklasers.com", "maildrop.cc", "getnada.com", "temp-mail.org", "dispostable.com")
    false = []
    for _one in range(stage.chance.randint(1, 4)):
        stage.passes(0.5, 30, HOUR)
        email = stage.people.mail(domain=stage.chance.choice(domains))
        false.append(stage.friend(stage.people.browser(), stage.people.v4(), email=email))
    return Told(false)


@abuse("somebody who also leaves their own network: an address that is alike, by itself, may be a brother's")
def address_like_ones_own(stage: Stage) -> Told:
    """The referrer's own address with a letter more, elsewhere, or at a domain of their own."""
    way = stage.way("another provider", "a number", "a letter", "own domain", "another network")
    first, last = stage.chance.choice(("ada", "boris", "carmen", "dagny", "emeka")), stage.people.last()
    local, domain = f"{first}.{last}", stage.people.provider()
    own = f"{last}-{stage.number}.example"
    cheat = f"hello@{own}" if way == "own domain" else f"{local}@{domain}"
    stage.cheat = stage.world.has_account(cheat, at=stage.at - 60 * DAY)
    email = {
        "another provider": f"{local}@{'gmx.net' if domain != 'gmx.net' else 'web.de'}",
        "a number": f"{local}{stage.chance.randint(1, 99)}@{domain}",
        "a letter": f"{local}{stage.chance.choice('abexz')}@{domain}",
        "own domain": f"{first}@{own}",
        "another network": f"{local}{stage.chance.randint(1, 9)}@{domain}",
    }[way]
    stage.signs_in(stage.browser, stage.home.of(0))
    stage.passes(0.1, 20, HOUR)
    private = Browser(stage.browser.family, stage.browser.device)
    address = stage.people.v4() if way == "another network" else stage.home.of(0)
    return Told([stage.friend(private, address, email=email)], get_through=int(way == "another network"))


@abuse("five in an hour and twenty in a day, which is what anybody may bring")
def farm(stage: Stage) -> Told:
    """A program signs up by the dozen, with good mailboxes and no haste, from one address or a few."""
    way = stage.way("one address", "a few addresses", "one network", "rented homes")
    addresses = {
        "one address": [stage.people.v4()],
        "a few addresses": [stage.people.v4() for _one in range(stage.chance.randint(3, 8))],
        "one network": [Home(f"2a01:4f8:{stage.number:x}:1::", True).of(device) for device in range(50)],
        "rented homes": [stage.people.v4() for _one in range(200)],
    }[way]
    false = []
    many = stage.chance.randint(12, 40)
    began = stage.at
    for number in range(many):
        stage.passes(3, 200, SECOND)
        browser = Browser("Chrome", "desktop")
        address = stage.chance.choice(addresses) if way != "rented homes" else addresses[number]
        false.append(stage.friend(browser, address, seconds=(4, 20)))
    return Told(false, get_through=AN_HOUR * math.ceil((stage.at - began) / HOUR))


@abuse("whoever copies the code from the site and types it, since that says nothing of where it was")
def coupon_site(stage: Stage) -> Told:
    """The code stands on a site that the program has banned; people who were about to buy anyway come from there."""
    false = []
    typing = 0
    for number in range(stage.chance.randint(4, 9)):
        stage.passes(0.1, 9, HOUR)
        by_code = stage.number % 5 == 4 and number % 3 == 0
        typing += by_code
        source = stage.chance.choice((COUPON_SITE, f"www.{COUPON_SITE}", f"m.{COUPON_SITE}"))
        browser, address = stage.people.browser(), stage.people.v4()
        false.append(stage.friend(browser, address, source=source, by_code=by_code))
    return Told(false, get_through=typing)


@abuse("a flood that leaves time between the click and the signup: it counts, but holds only with something else")
def click_flood(stage: Stage) -> Told:
    """Clicks by the thousand, so that the cookie is there already in browsers of people who come by themselves."""
    way = stage.way("one address, at once", "before each signup", "many addresses")
    many = stage.chance.randint(1_100, 1_600)
    addresses = [stage.people.v4() for _one in range(1 if way == "one address, at once" else 300)]
    seconds = 300 if way == "one address, at once" else 40_000
    browsers = [stage.people.browser() for _one in range(stage.chance.randint(2, 5))]
    own = [stage.people.v4() for _one in browsers]
    visits = [
        (Browser(), stage.chance.choice(addresses), stage.at + stage.chance.uniform(0, seconds) * SECOND)
        for _one in range(many)
    ]
    for number, browser in enumerate(browsers):
        if way != "before each signup":
            address = addresses[0] if way == "one address, at once" else own[number]
            visits.append((browser, address, stage.at + stage.chance.uniform(0, seconds) * SECOND))
    stage.world.clicks(stage.world.link_of(stage.cheat), sorted(visits, key=lambda one: one[2]))
    stage.at += seconds * SECOND
    false = []
    for number, browser in enumerate(browsers):
        stage.passes(0.3, 20, HOUR)
        if way == "before each signup":
            # The click is slipped in while the form is being sent.
            false.append(stage.friend(browser, own[number], seconds=(0.2, 2.5)))
        else:
            user = stage.world.signs_up(stage.people.mail(), browser, own[number], stage.at)
            stage.world.buys(user, stage.at + HOUR)
            false.append(user)
    return Told(false, get_through=0 if way == "before each signup" else len(false))


@abuse("a program that waits for three seconds")
def scripted_signups(stage: Stage) -> Told:
    """A program that opens the link and sends the form in one go, now and then, from somewhere else each time."""
    false = []
    for _one in range(stage.chance.randint(2, 6)):
        stage.passes(0.5, 9, HOUR)
        false.append(stage.friend(stage.people.browser(), stage.people.v4(), seconds=(0.1, 2.9)))
    return Told(false)


@abuse("a circle whose last one comes in another browser, with another mailbox and from another network")
def loop(stage: Stage) -> Told:
    """Two or three bring each other: the last one is the first one again."""
    way = stage.way("alias", "own browser", "own browser, three")
    if "browser" in way:
        stage.signs_in(stage.browser, stage.home.of(0))
    accomplices = [stage.cheat]
    for _one in range(2 if way == "own browser, three" else 1):
        stage.passes(2, 30, HOUR)
        friend = stage.friend(stage.people.browser(), stage.people.v4(), of=accomplices[-1])
        assert friend is not None
        accomplices.append(friend)
    stage.passes(2, 30, HOUR)
    if way == "alias":
        email, browser = stage.email.replace("@", "+2@"), stage.people.browser()
    else:
        email, browser = stage.people.mail(), stage.browser
    # Those in between are new, and each was brought by somebody else.
    return Told([stage.friend(browser, stage.home.of(0), email=email, of=accomplices[-1])], accomplices[1:])


@abuse("an old customer with a new mailbox, also in their own browser: it may be anybody's at home")
def existing_customer(stage: Stage) -> Told:
    """Somebody who has long been here signs up once more by a friend's link, and the two share what it brings."""
    way = stage.way("alias", "alias in another case", "same address", "own browser")
    email, browser, address = stage.people.mail(), stage.people.browser(), stage.people.v4()
    old = stage.world.has_account(email, at=stage.at - stage.chance.uniform(1, 100) * DAY)
    stage.passes(1, 20, HOUR)
    if way == "own browser":
        stage.signs_in(browser, address, user=old)
        stage.passes(5, 50, MINUTE)
    email = {
        "alias": email.replace("@", "+new@"),
        "alias in another case": email.replace("@", "+New@").upper(),
        "same address": email,
        "own browser": stage.people.mail(),
    }[way]
    false = stage.friend(browser, address, email=email, by_code=stage.number % 3 == 2)
    return Told([false], get_through=int(way == "own browser"))


@abuse("a friend of somebody else who comes back with a new mailbox, also in their own browser")
def someone_elses_friend(stage: Stage) -> Told:
    """A friend whom somebody else brought is talked into signing up again, by another link."""
    way = stage.way("alias", "same address", "own browser")
    other = stage.world.has_account(stage.people.mail(), at=stage.at - 40 * DAY)
    email, browser, address = stage.people.mail(), stage.people.browser(), stage.people.v4()
    brought = stage.friend(browser, address, email=email, of=other)
    assert brought is not None
    stage.passes(1, 90, HOUR)
    if way == "own browser":
        stage.signs_in(browser, address, user=brought)
        stage.passes(5, 50, MINUTE)
    email = {"alias": email.replace("@", "+2@"), "same address": email, "own browser": stage.people.mail()}[way]
    again = stage.friend(browser, address, email=email, by_code=stage.number % 2 == 1)
    return Told([again], [brought], get_through=int(way == "own browser"))


@abuse("five in an hour, if nothing else about them is strange; they bring the victim money, and nobody else")
def flooded_victim(stage: Stage) -> Told:
    """Somebody floods another one's code with false signups, so that nothing of theirs is paid."""
    way = stage.way("throwaway mail", "scripted", "farm")
    victim, told = stage.cheat, Told(get_through=AN_HOUR if stage.number % 3 == 2 else 0)
    stage.at -= 3 * DAY
    for _one in range(4):
        told.honest.append(stage.friend(stage.people.browser(), stage.people.v4()))
        stage.passes(9, 20, HOUR)
    address = stage.people.v4()
    many = stage.chance.randint(12, 30)
    for number in range(many):
        stage.passes(1, 40, SECOND)
        email = stage.people.mail(domain="mailinator.com" if way == "throwaway mail" else None)
        seconds = (0.2, 2.5) if way == "scripted" else (4, 30)
        told.false.append(stage.friend(Browser("Chrome", "desktop"), address, email=email, seconds=seconds))
        if number == many // 2 and way != "farm":
            # In the midst of it, as every now and then.
            told.honest.append(stage.friend(stage.people.browser(), stage.people.v4()))
    stage.passes(25, 40, HOUR)
    told.honest.append(stage.friend(stage.people.browser(), stage.people.v4(), of=victim))
    for friend in told.honest[:4]:
        stage.world.buys(friend, stage.at)
    return told
