"""What a rule may look at, and what it can answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.domain import quotes as stored_quotes
from webapp.domain.money import Money
from webapp.domain.periods import Window
from webapp.domain.quotes import Quote
from webapp.domain.sentences import Sentence

# What a conversion is called; a rule's trigger is one of these names too.
CONVERSION_TYPE = r"[a-z][a-z0-9_.-]{0,39}"

# What the business may tell beside it, under names of its own.
Detail = str | int | float | bool | None

# What may be known of how the friend came, by the link and the click that are credited.
ORIGIN = ("country", "link", "utm_source", "utm_medium", "utm_campaign")


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of one limit when the event arrived: rewards, or minor units; and the period that it is about."""

    used: int
    window: Window


@dataclass(frozen=True, slots=True)
class Better:
    """What the rule of the same group pays that is worth most, by its key."""

    rule: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Facts:
    """One conversion, as rules see it.

    `amount` is None when none was reported. `nth_purchase` counts the friend's
    conversions of the same type by the moment they happened, this one
    included, refunded ones too. `details` are what the business told beside
    it, `used` what was used of each limit of the rule, by the limit's name,
    `quotes` the exchange quotes that amounts were compared by, one of a pair.
    `rewarded_before` says that the rule rewarded it before, and that this was
    taken back. `friends` is how many friends of the referrer count under the
    rule, None where the rule does not count them, and `is_new_friend` whether
    they are one more by this conversion. `beaten_by` is the rule that pays in
    place of this one. `origin` is what is known of how the friend came, by the
    names of `ORIGIN`; `signed_up_at` is None where it is not known, or not
    asked for.
    """

    type: str
    occurred_at: datetime
    amount: Money | None = None
    nth_purchase: int = 1
    details: Mapping[str, Detail] = field(default_factory=dict)
    used: Mapping[str, Used] = field(default_factory=dict)
    rewarded_before: bool = False
    quotes: tuple[Quote, ...] = ()
    friends: int | None = None
    is_new_friend: bool = False
    beaten_by: Better | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    signed_up_at: datetime | None = None

    @property
    def account_age_days(self) -> int | None:
        """Whole days of 24 hours since the friend signed up; None when that is not known.

        Clocks differ: what is said to have happened before the signup happened on the first day.
        """
        if self.signed_up_at is None:
            return None
        return max(0, (self.occurred_at - self.signed_up_at) // timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Earned:
    """What a rule pays, with the arithmetic. `code` says whether that is all of it."""

    amount: Money
    because: tuple[Sentence, ...]
    code: str = "earned"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a rule pays nothing: a reason code for programs and a sentence for people."""

    code: str
    because: Sentence


def facts(
    *,
    amount: str | None = None,
    nth_purchase: int = 1,
    type: str = "purchase",
    details: Mapping[str, Detail] | None = None,
    used: Mapping[str, Used] | None = None,
    friends: int | None = None,
    is_new_friend: bool = True,
    origin: Mapping[str, str] | None = None,
    at: str = "2026-01-01",
    signed_up: str | None = None,
) -> Facts:
    """Make facts for an example, with the amount as in "49.99 EUR" and moments as in "2026-01-31 12:00", in UTC."""
    return Facts(
        type,
        datetime.fromisoformat(at).replace(tzinfo=UTC),
        Money.parse(amount) if amount else None,
        nth_purchase,
        details or {},
        used or {},
        friends=friends,
        is_new_friend=friends is not None and is_new_friend,
        origin=origin or {},
        signed_up_at=datetime.fromisoformat(signed_up).replace(tzinfo=UTC) if signed_up else None,
    )


def to_stored(facts: Facts) -> dict[str, Any]:
    """Return facts as JSON can hold them."""
    stored: dict[str, Any] = {
        "type": facts.type,
        "occurred_at": facts.occurred_at.isoformat(),
        "nth_purchase": facts.nth_purchase,
    }
    if facts.amount is not None:
        stored |= {"amount": facts.amount.minor, "currency": facts.amount.currency}
    if facts.details:
        stored["details"] = dict(facts.details)
    if facts.used:
        stored["used"] = {name: _used_to_stored(used) for name, used in facts.used.items()}
    if facts.rewarded_before:
        stored["rewarded_before"] = True
    if facts.friends is not None:
        stored |= {"friends": facts.friends, "is_new_friend": facts.is_new_friend}
    if facts.beaten_by is not None:
        better = facts.beaten_by
        stored["beaten_by"] = {"rule": better.rule, "amount": better.amount.minor, "currency": better.amount.currency}
    if facts.origin:
        stored["origin"] = dict(facts.origin)
    if facts.signed_up_at is not None:
        stored["signed_up_at"] = facts.signed_up_at.isoformat()
    if facts.quotes:
        stored["quotes"] = [stored_quotes.to_stored(quote) for quote in facts.quotes]
    return stored


def from_stored(stored: Mapping[str, Any]) -> Facts:
    """Return the facts that `to_stored` was given."""
    return Facts(
        type=stored["type"],
        occurred_at=datetime.fromisoformat(stored["occurred_at"]),
        amount=Money(stored["amount"], stored["currency"]) if "amount" in stored else None,
        nth_purchase=stored["nth_purchase"],
        details=stored.get("details", {}),
        used={name: _used_from_stored(used) for name, used in stored.get("used", {}).items()},
        rewarded_before=stored.get("rewarded_before", False),
        friends=stored.get("friends"),
        is_new_friend=stored.get("is_new_friend", False),
        beaten_by=_better_from_stored(stored["beaten_by"]) if "beaten_by" in stored else None,
        origin=stored.get("origin", {}),
        signed_up_at=datetime.fromisoformat(stored["signed_up_at"]) if "signed_up_at" in stored else None,
        quotes=tuple(stored_quotes.from_stored(quote) for quote in stored.get("quotes", ())),
    )


def _better_from_stored(stored: Mapping[str, Any]) -> Better:
    return Better(stored["rule"], Money(stored["amount"], stored["currency"]))


def _used_to_stored(used: Used) -> dict[str, Any]:
    ends = {"since": used.window.since, "until": used.window.until}
    return {"used": used.used} | {name: end.isoformat() for name, end in ends.items() if end is not None}


def _used_from_stored(stored: Mapping[str, Any]) -> Used:
    since, until = (datetime.fromisoformat(stored[end]) if end in stored else None for end in ("since", "until"))
    return Used(stored["used"], Window(since, until))
