"""Which e-mail addresses reach the same mailbox.

`address_key` is the account's identity: two spellings of one address have one
key. `mailbox_key` goes further and folds what a provider is known to fold
(dots, tags, twin domains); it is used to recognise a person, never to sign in.
"""

import re
import unicodedata
from dataclasses import dataclass
from encodings.idna import nameprep

# Of the people with whom the way from click to refund is tried: nobody lives under .invalid, now or ever (RFC 2606).
SANDBOX_DOMAIN = "sandbox.invalid"
# 64 characters before the @ and 255 after it (RFC 5321). What is longer costs time to spell, and reaches nobody.
LONGEST = 320
_LONGEST_LABEL = 63
_SANDBOX_ADDRESS = re.compile(r"[a-z0-9-]{1,64}@" + re.escape(SANDBOX_DOMAIN))


@dataclass(frozen=True, slots=True)
class _Provider:
    """How one provider reads the part before the @."""

    domain: str
    ignored: str = ""
    tag_marks: str = "+"
    mailbox_in_subdomain: bool = False
    hyphen_is_dot: bool = False


_GMAIL = _Provider("gmail.com", ignored=".")
_PROTON = ("proton.me", "protonmail.com", "protonmail.ch", "pm.me")
_YANDEX = ("yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru")
_YAHOO_TAGS = "+-"
# In every country: yahoo.com, yahoo.de, yahoo.co.uk, yahoo.com.mx.
_YAHOO = re.compile(r"yahoo\.(com|[a-z]{2}|com?\.[a-z]{2})")
_PROVIDERS: dict[str, _Provider] = {
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
    **{name: _Provider(name, tag_marks=_YAHOO_TAGS) for name in ("ymail.com", "rocketmail.com")},
    # One mailbox under several names of the same house.
    **{name: _Provider("proton.me", ignored="._-") for name in _PROTON},
    **{name: _Provider("icloud.com") for name in ("icloud.com", "me.com", "mac.com")},
    **{name: _Provider("yandex.ru", hyphen_is_dot=True) for name in _YANDEX},
    # anything@name.fastmail.com arrives at name@fastmail.com.
    **{
        name: _Provider(name, mailbox_in_subdomain=True)
        for name in (
            *("fastmail.com", "fastmail.fm", "fastmail.net", "fastmail.org", "fastmail.de", "fastmail.co.uk"),
            *("fastmail.us", "fastmail.to", "sent.com", "mailbox.org"),
        )
    },
}


def is_sandbox_address(address: str) -> bool:
    """Say whether an address is one of the sandbox, to which no mail can go."""
    return _SANDBOX_ADDRESS.fullmatch(address) is not None


def folds(domain: str) -> bool:
    """Say whether a domain, in lower case, is one of the providers whose ways of spelling a mailbox are known."""
    return domain in _PROVIDERS or _YAHOO.fullmatch(domain) is not None


def address_key(address: str) -> str:
    """Return the spelling of an address under which it is unique: NFKC, lower case, the domain in its IDNA form.

    Raises ValueError when there is no part on either side of the last @, the domain has no IDNA form, a character is
    a space or invisible, or there are more than LONGEST of them.
    """
    local, domain = _split(address)
    return f"{local}@{domain}"


def mailbox_key(address: str) -> str:
    """Return a key that all disguises of one mailbox share. Raises ValueError as `address_key` does."""
    local, domain = _split(address)
    provider = _PROVIDERS.get(domain)
    if provider is None:
        parent = domain.partition(".")[2]
        above = _PROVIDERS.get(parent)
        if above and above.mailbox_in_subdomain:
            return f"{domain.partition('.')[0]}@{above.domain}"
        provider = _Provider(domain, tag_marks=_YAHOO_TAGS) if _YAHOO.fullmatch(domain) else _Provider(domain)
    for mark in provider.tag_marks:
        # A tag needs something before it: "+x@" is a whole name.
        local = local[:1] + local[1:].partition(mark)[0]
    local = local.translate(dict.fromkeys(map(ord, provider.ignored))) or local
    if provider.hyphen_is_dot:
        local = local.replace("-", ".")
    return f"{local}@{provider.domain}"


def _split(address: str) -> tuple[str, str]:
    if len(address) > LONGEST:
        raise ValueError(f"an e-mail address has at most {LONGEST} characters")
    text = unicodedata.normalize("NFKC", address).strip()
    local, at, domain = text.rpartition("@")
    if not (local and at and domain):
        raise ValueError("an e-mail address has a part on both sides of its @")
    if any(character.isspace() or unicodedata.category(character)[0] == "C" for character in text):
        raise ValueError("an e-mail address has no spaces and no invisible characters")
    try:
        domain = ascii_domain(domain)
    except UnicodeError as error:
        raise ValueError("the part after the @ is not a domain") from error
    # casefold, not lower: "Straße" and "STRASSE" are one local part.
    return unicodedata.normalize("NFKC", local.casefold()), domain


def ascii_domain(domain: str) -> str:
    """Return the IDNA form of a domain, in lower case and without the dot at its end. Raises UnicodeError."""
    return ".".join(map(_ascii_label, re.split("[.。]", domain.lower().rstrip(".。"))))


def _ascii_label(label: str) -> str:
    # Before it is encoded, which never makes it shorter and takes the longer the more letters there are, squared.
    if not 0 < len(label) <= _LONGEST_LABEL:
        raise UnicodeError("a label of a domain is empty or too long")
    if "ß" in label or "ς" in label:
        # Letters of their own since IDNA 2008, so that straße and strasse are two domains; Python's codec knows 2003.
        prepared = "".join(part if part in "ßς" else nameprep(part) for part in re.split("([ßς])", label))
        encoded = "xn--" + prepared.encode("punycode").decode("ascii")
        if len(encoded) > _LONGEST_LABEL:
            raise UnicodeError("a label of a domain is too long")
        return encoded
    return label.encode("idna").decode("ascii")
