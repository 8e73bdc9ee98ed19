"""What is known of a friend whom somebody referred, gathered once; fraud signals look at it and at nothing else.

What nobody knows is None, and then a signal that asks for it finds nothing.
Addresses are not here: hashes of them were compared when the evidence was
gathered, and what came of it are numbers, which may be kept for good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from webapp.domain.mail_likeness import MailLikeness, mail_likeness


@dataclass(frozen=True, slots=True)
class Together:
    """How near the referrer was seen to the friend: so long `apart`, on the same address, network or browser.

    The network is an IPv4 address or the /64 of an IPv6 address; the browser is only its family.
    """

    apart: timedelta
    address: bool
    network: bool
    browser: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How many friends a referrer brought in the hour and the day before this one.

    Those who were held are not among them. `usual_day` is what 99 of 100 of their days stay within, None for someone
    who is new. Of all friends of the day, this one included: so many `visitors` for each of them opened the links today
    and yesterday, and a hundred of them come from so many networks (`spread`), as far as that is known.
    """

    hour: int
    day: int
    usual_day: int | None = None
    visitors: int | None = None
    spread: int | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """The clicks on a referrer's links and what came of them; `in_a_minute` are the most from the friend's address."""

    clicks: int
    conversions: int
    in_a_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Proportion:
    """How many of how many of a referrer's it was in the last months, beside as much of the whole program."""

    part: int
    whole: int
    of_program: int
    program_whole: int

    @property
    def program_share(self) -> Fraction:
        """How great a share of the program's it was; nothing of nothing."""
        return Fraction(self.of_program, self.program_whole) if self.program_whole else Fraction(0)


@dataclass(frozen=True, slots=True)
class Sources:
    """From where the newest clicks of a link came: of so many `clicks`, how many from each host that was told most."""

    clicks: int
    hosts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a conversion of a referred friend is looked at by.

    `at` is when it happened, `clicked_at` the credited click, `first_touch_at`
    the first touch of any link, `began_at` when the signup page was opened.
    `known_since` and `other_referrer_since` say since when the friend had an
    account or was another one's friend before the signup, None for someone
    new; `same_account` says that the friend and the referrer are one account,
    `same_mailbox` that their addresses reach one mailbox, `likeness` how near
    these are to each other, and `throwaway_domain` is that of the friend's
    where addresses are handed out for minutes. `referrer_signed_in_at` is when
    the browser that clicked had been the referrer's. `from_origin` counts the
    referred friends from the same address or network in the seven days before,
    `strangers` others who were seen there in these days, had an account before
    them, and were not brought by the referrer; `steps_to_friend` how many
    referrals lead up from the referrer to somebody who was signed in with the
    friend's browser. Of what the referrer's friends bought `sent_back` counts
    what went back, of the visitors of the referrer's links `signed_up` those
    who signed up by the click; both are unknown where nothing sets the
    referrer apart. `sources` is about the link that was credited.
    """

    at: datetime
    clicked_at: datetime | None = None
    first_touch_at: datetime | None = None
    began_at: datetime | None = None
    known_since: datetime | None = None
    other_referrer_since: datetime | None = None
    same_account: bool | None = None
    same_mailbox: bool | None = None
    likeness: MailLikeness | None = None
    throwaway_domain: str | None = None
    referrer_signed_in_at: datetime | None = None
    together: Together | None = None
    pace: Pace | None = None
    from_origin: int | None = None
    strangers: int | None = None
    traffic: Traffic | None = None
    source_host: str | None = None
    steps_to_friend: int | None = None
    sent_back: Proportion | None = None
    signed_up: Proportion | None = None
    sources: Sources | None = None


def to_stored(known: Evidence) -> dict[str, Any]:
    """Return evidence as JSON can hold it, without what is not known."""
    return {name: _plain(value) for name, value in _values(known) if value is not None}


def from_stored(stored: Mapping[str, Any]) -> Evidence:
    """Return evidence that was kept by `to_stored`; what it names and nobody knows any more is left out."""
    known = {field.name: stored[field.name] for field in fields(Evidence) if field.name in stored}
    return Evidence(**{name: _READERS.get(name, _as_it_is)(value) for name, value in known.items()})


def _as_it_is(value: Any) -> Any:
    return value


def _together(stored: Mapping[str, Any]) -> Together:
    return Together(**{**stored, "apart": timedelta(seconds=stored["apart"])})


_MOMENTS = tuple(field.name for field in fields(Evidence) if "datetime" in str(field.type))
_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_MOMENTS, datetime.fromisoformat),
    "likeness": lambda stored: MailLikeness(**stored),
    "together": _together,
    "pace": lambda stored: Pace(**stored),
    "traffic": lambda stored: Traffic(**stored),
    "sent_back": lambda stored: Proportion(**stored),
    "signed_up": lambda stored: Proportion(**stored),
    "sources": lambda stored: Sources(**stored),
}


def _values(of: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(of, field.name)) for field in fields(of)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value):
        return {name: _plain(one) for name, one in _values(value)}
    return value


_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def evidence(**known: object) -> Evidence:
    """Return evidence for examples: of a signup at noon, with what is given; durations are seconds before noon."""
    before = {"clicked", "first_touch", "began", "known", "other_referrer", "referrer_signed_in"}
    moments = {"known": "known_since", "other_referrer": "other_referrer_since"}
    values: Mapping[str, object] = {
        moments.get(name, f"{name}_at") if name in before else name: _before(value) if name in before else value
        for name, value in known.items()
    }
    return replace(Evidence(_NOON), **values)  # type: ignore[arg-type]


def _before(seconds: Any) -> datetime:
    return _NOON - timedelta(seconds=seconds)


def likeness(friend: str, referrer: str) -> dict[str, MailLikeness]:
    """Return what evidence for examples has of two addresses."""
    return {"likeness": mail_likeness(friend, referrer)}
