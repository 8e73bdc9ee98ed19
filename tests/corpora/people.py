"""Names, mailboxes, browsers and addresses of made-up people, drawn as they are spread among real ones."""

import itertools
from random import Random

from tests.corpora.world import Browser, Home
from webapp.domain.mailbox import mailbox_key

_FIRST_NAMES = """
ada adam aisha alex alina amara amir ana andrei anna ben bruno carla carlos chloe clara daniel david diego dina elena
elif emil emma erik eva fatima felix finn george greta hana hannah hugo ida ines ivan jan jakub jana julia jonas juan
kofi karin kenji lara lea leo lena lucas luis maja marco maria marta max mei milan mira nadia nils nina noah olga omar
oscar paula pedro petra pia rahul rita rosa ruth sam samir sara simon sofia stefan tara theo tom uma vera victor wanda
yara yusuf zoe
"""
_LAST_NAMES = """
adeyemi ahmed almeida andersen bauer becker berg bianchi brandt brown castro chen clark costa dubois dvorak edwards
evans farkas ferrari fischer fontaine garcia gruber haas hansen hoffmann horvat hughes ito ivanova jansen johansson
kaya keller khan kim klein kovacs kowalski krause kumar lang larsen laurent lehmann lopez maier marino martin mensah
meyer miller morales moreau moretti muller nagy nakamura nguyen novak nowak okafor okoye olsen ortega park patel
pereira petrov popescu ricci richter rivera roberts romano rossi roux ruiz sanchez santos sato schmidt schneider silva
singh smith sokolov suzuki takahashi tanaka taylor torres vargas virtanen vogel wagner walker weber weiss white wolf
yamamoto yilmaz zhang zimmermann
"""
# Some thousands of words of the kind that people call themselves by where their name is taken.
_HANDLES = [
    "".join(pair)
    for pair in itertools.product(
        ("blue", "lucky", "night", "sunny", "tiny", "wild", "retro", "happy", "storm", "pixel", "lazy", "salty"),
        ("otter", "falcon", "biker", "gamer", "chef", "panda", "rider", "fox", "poet", "raven", "surfer", "baker"),
    )
]
_PROVIDERS = {
    "gmail.com": 52,
    "outlook.com": 9,
    "hotmail.com": 8,
    "yahoo.com": 8,
    "icloud.com": 9,
    "gmx.de": 5,
    "web.de": 3,
    "proton.me": 3,
    "orange.fr": 2,
    "libero.it": 1,
}
_BROWSERS = {
    ("Chrome", "phone"): 34,
    ("Safari", "phone"): 24,
    ("Samsung Internet", "phone"): 4,
    ("Instagram", "phone"): 3,
    ("Chrome", "desktop"): 20,
    ("Edge", "desktop"): 7,
    ("Safari", "desktop"): 5,
    ("Firefox", "desktop"): 3,
}


class People:
    """Draws people who have nothing to do with each other, unless asked for those who do."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._taken: set[str] = set()

    def provider(self) -> str:
        """Return where somebody has their mail."""
        return self.chance.choices(list(_PROVIDERS), list(_PROVIDERS.values()))[0]

    def mail(self, *, last: str | None = None, domain: str | None = None) -> str:
        """Return an address that nobody has yet: of a family (`last`), or at a domain."""
        for digits in itertools.chain([""], itertools.repeat(None)):
            local = self._local(last) + (str(self.chance.randint(1, 9_999)) if digits is None else digits)
            address = f"{local}@{domain or self.provider()}"
            mailbox = mailbox_key(address)
            if mailbox not in self._taken:
                self._taken.add(mailbox)
                return address
        raise AssertionError("there is always one more number")

    def _local(self, last: str | None) -> str:
        first, last = self.chance.choice(_FIRST_NAMES.split()), last or self.last()
        year = self.chance.choice(("", "", str(self.chance.randint(60, 99)), str(self.chance.randint(1960, 2007))))
        forms = {
            f"{first}.{last}": 34,
            f"{first}{last}{year}": 16,
            f"{first[0]}.{last}": 8,
            f"{first[0]}{last}{year}": 8,
            f"{last}.{first}": 5,
            f"{first}_{last}": 4,
            f"{first}{self.chance.randint(1, 999)}": 8,
            f"{self.chance.choice(_HANDLES)}{self.chance.randint(1, 999)}": 17,
        }
        return self.chance.choices(list(forms), list(forms.values()))[0]

    def last(self) -> str:
        """Return what a family is called."""
        return self.chance.choice(_LAST_NAMES.split())

    def browser(self) -> Browser:
        """Return what somebody browses with."""
        return Browser(*self.chance.choices(list(_BROWSERS), list(_BROWSERS.values()))[0])

    def phone(self) -> Browser:
        """Return a phone."""
        phones = {families: weight for families, weight in _BROWSERS.items() if families[1] == "phone"}
        return Browser(*self.chance.choices(list(phones), list(phones.values()))[0])

    def home(self) -> Home:
        """Return a line that nobody else has."""
        if self.chance.random() < 0.4:
            return Home(f"2a02:{self.chance.randrange(1, 1 << 16):x}:{self.chance.randrange(1 << 16):x}:1::", True)
        return Home(self.v4())

    def v4(self) -> str:
        """Return an address that nobody else has, as good as."""
        return ".".join(str(self.chance.randint(11, 223)) for _octet in range(4))
