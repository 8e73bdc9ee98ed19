"""300 ways in which somebody writes their own address so that it looks like another person's.

What each provider delivers to one mailbox is written down here once more, from what providers tell their users, and
not read from the application, which is what is tried.
"""

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

MANY = 300


@dataclass(frozen=True, slots=True)
class Disguise:
    """An address, how it is disguised, and what it looks like then."""

    family: str
    plain: str
    disguised: str


@dataclass(frozen=True, slots=True)
class _Provider:
    """What reaches one mailbox: at any of `domains`, with a tag behind a mark, with more or fewer `ignored`."""

    domains: tuple[str, ...]
    locals: tuple[str, ...]
    marks: str = "+"
    ignored: str = ""
    # anything@local.domain
    in_subdomain: bool = False
    hyphen_is_dot: bool = False


_PROVIDERS = {
    "gmail": _Provider(("gmail.com", "googlemail.com"), ("ada.okafor", "adaokafor71", "a.okafor"), ignored="."),
    "yahoo": _Provider(("yahoo.com",), ("adaokafor", "ada_okafor"), marks="-+"),
    "yahoo in a country": _Provider(("yahoo.co.uk",), ("okafor71",), marks="-+"),
    "yahoo's other names": _Provider(("ymail.com",), ("okafor.ada",), marks="-+"),
    "fastmail": _Provider(("fastmail.com",), ("adaokafor", "ada.okafor"), in_subdomain=True),
    "fastmail's other names": _Provider(("fastmail.fm",), ("okafor",), in_subdomain=True),
    "proton": _Provider(
        ("proton.me", "protonmail.com", "pm.me", "protonmail.ch"), ("ada.okafor", "adaokafor71"), ignored=".-_"
    ),
    "apple": _Provider(("icloud.com", "me.com", "mac.com"), ("ada.okafor", "adaokafor")),
    "yandex": _Provider(
        ("yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru"),
        ("ada.okafor", "ok.ada-71"),
        hyphen_is_dot=True,
    ),
    "outlook": _Provider(("outlook.com",), ("ada.okafor",)),
    "hotmail": _Provider(("hotmail.co.uk",), ("adaokafor71",)),
    "zoho": _Provider(("zohomail.eu",), ("ada.okafor",)),
    "a firm": _Provider(("okafor-and-sons.example",), ("ada",)),
    "a domain with an umlaut": _Provider(("bücher.example",), ("ada.okafor",)),
}
_TAGS = ("shop", "2", "ref", "a.b", "new", "x", "promo2026", "family", "a+b", "")
_DOTS = "\u3002\uff0e\uff61"
_INVISIBLE = "\u200b\u200c\u2060\u00ad"
# Letters that NFKC writes as the plain ones.
_CLOTHES = {
    "full width": lambda letter: chr(ord(letter) - 0x61 + 0xFF41),
    "bold": lambda letter: chr(ord(letter) - 0x61 + 0x1D41A),
    "italic sans": lambda letter: chr(ord(letter) - 0x61 + 0x1D622),
    "in circles": lambda letter: chr(ord(letter) - 0x61 + 0x24D0),
    "typewriter": lambda letter: chr(ord(letter) - 0x61 + 0x1D68A),
}


def disguises() -> list[Disguise]:
    """Return all of them, each another address."""
    chance = Random(300)
    found: dict[tuple[str, str], Disguise] = {}
    makers = [maker(chance, name, provider) for name, provider in _PROVIDERS.items() for maker in _MAKERS]
    endless = itertools.cycle([_together(chance, name, provider) for name, provider in _PROVIDERS.items()])
    for one in itertools.chain(itertools.chain.from_iterable(makers), map(next, endless)):
        if one.plain != one.disguised:
            found.setdefault((one.plain, one.disguised), one)
        if len(found) == MANY:
            break
    return list(found.values())


def _tags(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals:
        for tag in chance.sample(_TAGS, 3):
            mark = chance.choice(provider.marks)
            domain = chance.choice(provider.domains)
            yield Disguise(f"{name}: a tag", f"{local}@{provider.domains[0]}", f"{local}{mark}{tag}@{domain}")


def _twins(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals:
        for domain in provider.domains[1:]:
            yield Disguise(f"{name}: another name", f"{local}@{provider.domains[0]}", f"{local}@{domain}")


def _dots(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals if provider.ignored else ():
        bare = local.translate(dict.fromkeys(map(ord, provider.ignored)))
        for many in (0, 1, 2, 3, len(bare) - 1):
            places = set(chance.sample(range(1, len(bare)), many))
            dotted = "".join(
                (chance.choice(provider.ignored) if place in places else "") + letter
                for place, letter in enumerate(bare)
            )
            domain = chance.choice(provider.domains)
            yield Disguise(f"{name}: dots", f"{local}@{provider.domains[0]}", f"{dotted}@{domain}")
    for local in provider.locals if provider.hyphen_is_dot else ():
        for hyphened in sorted({local.replace(".", "-"), local.replace("-", ".")}):
            domain = chance.choice(provider.domains)
            yield Disguise(f"{name}: dots", f"{local}@{provider.domains[0]}", f"{hyphened}@{domain}")


def _subdomains(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals if provider.in_subdomain else ():
        if "." in local:
            continue
        for anything in ("shop", "me", "a.b", local, "news+2"):
            domain = provider.domains[0]
            yield Disguise(f"{name}: a sub-domain", f"{local}@{domain}", f"{anything}@{local}.{domain}")


def _cases(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals:
        plain = f"{local}@{provider.domains[0]}"
        mixed = "".join(chance.choice((letter.upper(), letter)) for letter in plain)
        for disguised in (mixed, f"{local.title()}+{chance.choice(_TAGS)}@{provider.domains[0]}"):
            yield Disguise(f"{name}: case", plain, disguised)


def _unicode(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals:
        plain = f"{local}@{provider.domains[0]}"
        for clothes, dressed in chance.sample(sorted(_CLOTHES.items()), 2):
            part = chance.choice(("before", "behind"))
            ends = len(local) if part == "before" else len(plain)
            begins = 0 if part == "before" else len(local) + 1
            changed = "".join(
                dressed(letter) if begins <= place < ends and "a" <= letter <= "z" else letter
                for place, letter in enumerate(plain)
            )
            yield Disguise(f"{name}: {clothes}", plain, changed)
        # The Kelvin sign, the @ and the dot of the East, a dot at the end, and what nobody sees.
        signs = (
            plain.replace("k", "\u212a", 1),
            plain.replace("@", "\uff20"),
            f"{local}@" + provider.domains[0].replace(".", chance.choice(_DOTS), 1),
            f"{plain}.",
            plain[:3] + chance.choice(_INVISIBLE) + plain[3:],
        )
        for disguised in chance.sample(signs, 3):
            yield Disguise(f"{name}: signs", plain, disguised)


def _idn(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    for local in provider.locals:
        for domain in provider.domains:
            spelt = domain.encode("idna").decode()
            if spelt == domain:
                continue
            plain = f"{local}@{domain}"
            for disguised in (
                f"{local}@{spelt}",
                f"{local}@{spelt.upper()}",
                f"{local}@{unicodedata.normalize('NFD', domain)}",
                f"{local}+{chance.choice(_TAGS)}@{spelt}",
                f"{local}@{domain.upper()}",
                f"{local.upper()}@{unicodedata.normalize('NFD', domain.upper())}",
            ):
                yield Disguise(f"{name}: IDN", plain, disguised)


def _together(chance: Random, name: str, provider: _Provider) -> Iterator[Disguise]:
    """Several at once, for as long as somebody asks."""
    while True:
        local = chance.choice(provider.locals)
        disguised = local
        if provider.ignored:
            place = chance.randrange(1, len(local))
            disguised = f"{local[:place].rstrip('.')}.{local[place:].lstrip('.')}"
        tag = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=chance.randint(1, 12)))
        disguised = f"{disguised}{chance.choice(provider.marks)}{tag}@{chance.choice(provider.domains)}"
        disguised = "".join(chance.choice((letter.upper(), letter, letter)) for letter in disguised)
        yield Disguise(f"{name}: several at once", f"{local}@{provider.domains[0]}", disguised)


_MAKERS = (_tags, _twins, _dots, _subdomains, _cases, _unicode, _idn)
