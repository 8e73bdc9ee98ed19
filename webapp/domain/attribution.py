"""Who is credited for a signup, and why nobody else is.

A touch is one way in which a person came across a link: they typed its code,
they gave a coupon code that stands for it, they opened it (a click), or they
signed up on a page that was opened with it while their browser kept no cookie.
The decision looks at every touch, credits at most one, and keeps the reason
for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, TypeVar
from uuid import UUID

Model = Literal["first", "last"]
TouchKind = Literal["typed_code", "coupon_code", "click", "page"]
TouchOutcome = Literal[
    "credited",
    "same_person",
    "existing_customer",
    "after_signup",
    "outside_window",
    "beaten_by_typed_code",
    "beaten_by_coupon_code",
    "beaten_by_click_id",
    "beaten_by_earlier_touch",
    "beaten_by_later_touch",
]
Method = Literal["typed_code", "coupon_code", "link"]
# What proves that nobody was referred, whatever touched them; see the fraud signals of these names.
PROVEN: tuple[TouchOutcome, ...] = ("same_person", "existing_customer")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clicked(Protocol):
    """What the choice between links needs to know of a click."""

    @property
    def link_id(self) -> UUID: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Touch:
    """One way in which the person came across a link.

    `same_mailbox` says that the link's owner has the mailbox of whoever signed
    up. `at` is aware; `click_id` is None unless it was a click.
    `by_click_id` says that the click is of the browser that the signup itself
    named by a click of it, not of one that is only known by its cookie.
    """

    kind: TouchKind
    link_id: UUID
    referrer_id: UUID
    same_mailbox: bool
    at: datetime
    click_id: UUID | None = None
    by_click_id: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A touch and the reason why it was credited or not."""

    touch: Touch
    outcome: TouchOutcome


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one signup.

    `reason` is "credited", "not_referred" when there was no touch at all, or
    the outcome of the touch that came nearest to a credit.
    """

    reason: str
    method: Method | None
    verdicts: tuple[Verdict, ...]

    @property
    def credited(self) -> Touch | None:
        """The touch that earns the credit, or None."""
        return next((verdict.touch for verdict in self.verdicts if verdict.outcome == "credited"), None)


ClickedT = TypeVar("ClickedT", bound=Clicked)


def credited_click(
    clicks: Sequence[ClickedT], *, signed_up_at: datetime, window: timedelta, model: Model
) -> ClickedT | None:
    """Return the click that earns the credit for a signup.

    A click counts from its own moment until `window` later, both ends included.
    Clicks at the same moment are settled by the lower link id, so that the
    answer never depends on the order in which rows were read.
    """
    counting = [click for click in clicks if click.at <= signed_up_at <= click.at + window]
    return min(counting, key=lambda click: _rank(click, model), default=None)


def decide(
    touches: Sequence[Touch],
    *,
    signed_up_at: datetime,
    known_since: datetime | None,
    window: timedelta,
    model: Model,
) -> Decision:
    """Decide who is credited for a signup.

    A typed code beats a coupon code, that beats every link, and the clicks of
    the browser that the signup named beat what another browser did; between
    links of one rank the model decides within the window. Nobody refers
    themselves (`same_mailbox`), and someone who had an account before this
    signup (`known_since`, None for a new person) was not referred: not even by
    a link that they opened before that account, or one click would earn the
    credit again for every alias of their mailbox. The order of `touches` and
    repeats in it never change the answer.
    """
    barred = {touch: _bar(touch, signed_up_at, known_since, window) for touch in touches}
    # What can earn the credit in the order of the model, then what cannot, the latest first.
    eligible = sorted((touch for touch in barred if not barred[touch]), key=lambda touch: _precedence(touch, model))
    others = sorted((touch for touch in barred if barred[touch]), key=lambda touch: _precedence(touch, "last"))
    winner = next((touch for touch in eligible if touch.kind in _CODES), None)
    if winner is None:
        peers = [touch for touch in eligible if _standing(touch) == _standing(eligible[0])]
        winner = credited_click(peers, signed_up_at=signed_up_at, window=window, model=model)
    verdicts = tuple(Verdict(touch, barred[touch] or _against(touch, winner, model)) for touch in (*eligible, *others))
    if winner is not None:
        return Decision("credited", _method(winner), verdicts)
    return Decision(verdicts[0].outcome if verdicts else "not_referred", None, verdicts)


# What the window does not apply to, the strongest first.
_CODES: tuple[TouchKind, ...] = ("typed_code", "coupon_code")
# What is said of a touch that is beaten by another of a higher rank, by that rank.
_BEATEN_BY: tuple[TouchOutcome, ...] = ("beaten_by_typed_code", "beaten_by_coupon_code", "beaten_by_click_id")


def _standing(touch: Touch) -> int:
    """Return the rank of a touch, 0 for the highest."""
    if touch.kind in _CODES:
        return _CODES.index(touch.kind)
    return len(_CODES) if touch.by_click_id else len(_BEATEN_BY)


def _method(touch: Touch) -> Method:
    if touch.kind == "typed_code" or touch.kind == "coupon_code":
        return touch.kind
    return "link"


def _rank(click: Clicked, model: Model) -> tuple[timedelta, UUID]:
    since = click.at - _EPOCH
    return (since if model == "first" else -since, click.link_id)


def _precedence(touch: Touch, model: Model) -> tuple[int, tuple[timedelta, UUID], UUID, str, bool, UUID]:
    # The last ones only make the order whole, whatever the order of the rows.
    whole = (touch.click_id or touch.link_id, touch.kind, touch.same_mailbox, touch.referrer_id)
    return (_standing(touch), _rank(touch, model), *whole)


def _bar(touch: Touch, signed_up_at: datetime, known_since: datetime | None, window: timedelta) -> TouchOutcome | None:
    if touch.same_mailbox:
        return "same_person"
    if known_since is not None and known_since <= signed_up_at:
        return "existing_customer"
    if touch.at > signed_up_at:
        return "after_signup"
    if touch.kind not in _CODES and signed_up_at > touch.at + window:
        return "outside_window"
    return None


def _against(touch: Touch, winner: Touch | None, model: Model) -> TouchOutcome:
    if touch == winner:
        return "credited"
    if winner is not None and (winner.kind in _CODES or _standing(winner) < _standing(touch)):
        return _BEATEN_BY[_standing(winner)]
    return "beaten_by_earlier_touch" if model == "first" else "beaten_by_later_touch"
