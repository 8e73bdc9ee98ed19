"""A program's own lists of whom it trusts and whom it does not; they are asked before any fraud signal.

An entry names an e-mail address, a domain of e-mail addresses, a range of IP
addresses, or a referrer. Addresses are compared by their mailbox, see
domain.mailbox. A * stands for any characters, once before the @, and for any
sub-domain as "*." at the beginning of a domain.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, get_args

from webapp.domain.host_names import domain_labels, host_name
from webapp.domain.mailbox import address_key, mailbox_key
from webapp.domain.sentences import N_, Sentence, plain

ListName = Literal["allow", "block"]
EntryKind = Literal["email", "domain", "network", "referrer"]
KINDS: tuple[EntryKind, ...] = get_args(EntryKind)
# An e-mail address can be no longer, nor what somebody calls a referrer.
LONGEST = 320

_ANY = "*"
_ANY_BELOW = "*."


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list. `value` is spelt as it is compared, see `read_entry`."""

    on: ListName
    kind: EntryKind
    value: str


@dataclass(frozen=True, slots=True)
class Referrer:
    """What a referrer is known by; None for what is not known."""

    external_id: str | None = None
    e_mail: str | None = None


class EntryError(ValueError):
    """An entry is wrong: `words` say to whoever typed it what would be right."""

    def __init__(self, message: str, **values: object) -> None:
        self.words = Sentence(message, values)
        super().__init__(plain(self.words))


def read_entry(on: ListName, kind: EntryKind, typed: str) -> Entry:
    """Return an entry as somebody typed it, in the spelling in which it is compared. Raises EntryError."""
    text = typed.strip()
    if len(text) > LONGEST:
        raise EntryError(N_("An entry has %(longest)s characters at most."), longest=LONGEST)
    return Entry(on, kind, _READERS[kind](text))


def listed(
    entries: Iterable[Entry], *, e_mail: str | None = None, address: str | None = None, referrer: Referrer | None = None
) -> Entry | None:
    """Return the entry that decides about a friend, None when none does: any that allows before any that blocks.

    `e_mail` and `address` (an IP address) are the friend's. The order of the
    entries makes no difference. What is no e-mail address and no IP address
    is on no list.
    """
    asked = _Asked(e_mail, address, referrer)
    return min(filter(asked.matches, entries), key=_precedence, default=None)


def _precedence(entry: Entry) -> tuple[bool, int, str]:
    return entry.on == "block", KINDS.index(entry.kind), entry.value


class _Asked:
    """What is asked about, spelt as entries are."""

    def __init__(self, e_mail: str | None, address: str | None, referrer: Referrer | None) -> None:
        self._mailbox = _mailbox_of(e_mail)
        self._domain = self._mailbox.rpartition("@")[2] if self._mailbox else None
        self._address = _address_of(address)
        known_by = (referrer.external_id, referrer.e_mail) if referrer else ()
        self._referrer = {_mailbox_of(name) or name for name in known_by if name}

    def matches(self, entry: Entry) -> bool:
        if entry.kind == "email":
            return self._mailbox is not None and _fits_mailbox(entry.value, self._mailbox)
        if entry.kind == "domain":
            return self._domain is not None and _fits(entry.value, self._domain)
        if entry.kind == "network":
            return self._address is not None and self._address in ip_network(entry.value)
        return entry.value in self._referrer


def _fits_mailbox(pattern: str, mailbox: str) -> bool:
    """Compare the two sides of the @ apart: a * stays on its own."""
    pattern_local, _at, pattern_domain = pattern.rpartition("@")
    local, _at, domain = mailbox.rpartition("@")
    return _fits(pattern_local, local) and _fits(pattern_domain, domain)


def _fits(pattern: str, text: str) -> bool:
    beginning, any_, end = pattern.partition(_ANY)
    if not any_:
        return text == pattern
    return len(text) >= len(beginning) + len(end) and text.startswith(beginning) and text.endswith(end)


def _mailbox_of(e_mail: str | None) -> str | None:
    try:
        return mailbox_key(e_mail) if e_mail else None
    except ValueError:
        return None


def _address_of(address: str | None) -> IPv4Address | IPv6Address | None:
    """Return an IP address, an IPv4 address in IPv6 clothes as IPv4; None for what is none."""
    try:
        parsed = ip_address(address) if address else None
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _read_e_mail(text: str) -> str:
    wrong = EntryError(
        N_("Write an e-mail address as in bob@example.org, or *@mailinator.example for all at a domain.")
    )
    local, at, domain = unicodedata.normalize("NFKC", text).rpartition("@")
    if not (local and at) or local.count(_ANY) > 1:
        raise wrong
    try:
        typed = address_key(f"{local}@{_domain(domain)}")
        compared = mailbox_key(typed)
    except ValueError as error:
        raise wrong from error
    # Without its tag or its dots a pattern would mean more people than whoever typed it had in mind.
    if _ANY in typed and compared != typed:
        raise EntryError(
            N_("Addresses are compared without tags and dots: %(typed)s is %(compared)s. Write that if you mean it."),
            typed=text,
            compared=compared,
        )
    return compared


def _read_domain(text: str) -> str:
    try:
        domain = _domain(text)
    except ValueError as error:
        raise EntryError(
            N_("Write a domain as in mailinator.example, or *.mailinator.example for all below it.")
        ) from error
    compared = mailbox_key(f"x@{domain}").rpartition("@")[2]
    if compared != domain:
        raise EntryError(
            N_("Addresses at %(typed)s are compared as ones at %(compared)s. Write that if you mean it."),
            typed=text,
            compared=compared,
        )
    return domain


def _domain(text: str) -> str:
    """Return the spelling of a domain or of all domains below one. Raises ValueError."""
    text = text.strip()
    if text.startswith(_ANY_BELOW):
        return _ANY_BELOW + domain_labels(text.removeprefix(_ANY_BELOW))
    return host_name(text)


def _read_network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise EntryError(N_("Write an IP address, or a range of them as in 192.0.2.0/24 or 2001:db8::/32.")) from error
    if network.prefixlen == 0:
        raise EntryError(
            N_("%(typed)s is every address there is. Write a smaller range, as in 192.0.2.0/24."), typed=text
        )
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise EntryError(
            N_(
                "%(typed)s begins in the midst of a range. Write %(range)s for all of it, or the address without its /."
            ),
            typed=text,
            range=str(_in_ipv4(network)),
        )
    return str(_in_ipv4(network))


def _in_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a range of IPv4 addresses in IPv6 clothes as what it is."""
    first = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    hidden = 96
    return IPv4Network((first, network.prefixlen - hidden)) if first and network.prefixlen >= hidden else network


def _read_referrer(text: str) -> str:
    if not text or _ANY in unicodedata.normalize("NFKC", text) or not text.isprintable():
        raise EntryError(N_("Write what you call the referrer in your own system, or their e-mail address, without *."))
    return _mailbox_of(text) or text


_READERS: Mapping[EntryKind, Callable[[str], str]] = {
    "email": _read_e_mail,
    "domain": _read_domain,
    "network": _read_network,
    "referrer": _read_referrer,
}
