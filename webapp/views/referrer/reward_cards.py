"""One reward in the words of the person who earns it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.domain.explain_rewards import Stand, decision_for_owner, event_in_words, reward_for_owner
from webapp.domain.money import Money
from webapp.formatting import day_short, money, number, say
from webapp.models import User
from webapp.queries.cases import Doubt
from webapp.queries.conversions import Decided
from webapp.queries.people import holds_what_may_be_anothers
from webapp.queries.rewards import RewardRow, RewardStep
from webapp.queries.statements import StatementLine
from webapp.views.worth import worth_text

_LABELS = {
    "pending": lambda: _("Waiting"),
    "held": lambda: _("We’re checking"),
    "approved": lambda: _("Ready"),
    "in_payout": lambda: _("On its way"),
    "paid": lambda: _("Paid"),
    "rejected": lambda: _("Not counted"),
    "reversed": lambda: _("Sent back"),
}


# What is said of a reward besides money instead of "Paid".
_DONE = {"credit": lambda: _("Spent"), "coupon": lambda: _("Yours"), "custom": lambda: _("Done")}


@dataclass(frozen=True, slots=True)
class RewardCard:
    """A reward: where it stands and why, and how its amount came about, the last line of `sum` being the result."""

    url: str
    status: str
    state_label: str
    title: str
    text: str
    arithmetic: str
    amount: str
    sum: list[tuple[str, str]]


def reward_card(
    row: RewardRow,
    *,
    occurred_at: datetime,
    paid: Money | None,
    refunded_minor: int,
    decided: Decided | None,
    doubt: Doubt | None = None,
    is_appealed: bool = False,
) -> RewardCard:
    """Put a reward into words. `paid` is what the friend paid, `decided` what its rule says by now.

    `doubt` is why it is held, `is_appealed` whether its owner has appealed.
    """
    stand = stand_of(row, occurred_at, is_replaced=decided is not None and decided.code == "exclusive")
    stand = replace(stand, is_appealed=is_appealed)
    if doubt is not None:
        stand = replace(stand, doubt=doubt.reason, category=doubt.category)
    words = reward_for_owner(stand)
    because = decision_for_owner(decided.code, decided.because) if decided else ()
    return RewardCard(
        url=url_for("referrer.rewards.show", reward_id=row.id),
        status=row.status,
        state_label=state_label(row),
        title=say(words.title),
        text=" ".join(say(sentence) for sentence in words.because),
        arithmetic=" ".join((*(say(sentence) for sentence in because), *share_of_that(stand.amount, decided))),
        amount=worth_text(stand.kept, row.kind),
        sum=_sum(stand, paid, refunded_minor),
    )


def tells_of_anothers_order(session: Session, row: RewardRow, owner: User) -> bool:
    """Say whether what a reward was worked out from may be somebody else's: a friend's own comes of their order.

    Joining is no order, and was not reported.
    """
    return row.side == "friend" and row.event_id is not None and holds_what_may_be_anothers(session, owner)


def share_of_that(granted: Money, decided: Decided | None) -> list[str]:
    """Say that a reward is only a part of what was decided by now, where it is."""
    if decided is None or decided.amount is None or decided.amount == granted:
        return []
    return [_("This reward is %(amount)s of that.", amount=money(granted))]


@dataclass(frozen=True, slots=True)
class RewardPart:
    """One of several rewards that were earned by the same thing; `url` is empty for the one that is looked at."""

    url: str
    what: str
    granted_at: datetime
    amount: str


def reward_parts(this: UUID, rows: Sequence[RewardRow], url_of: Callable[[UUID], str]) -> list[RewardPart]:
    """Name the first reward and what was added to it; nothing where nothing was added."""
    if len(rows) < 2:
        return []
    return [
        RewardPart(
            url="" if row.id == this else url_of(row.id),
            what=_("Added, number %(number)s", number=number(row.correction)) if row.correction else _("The first"),
            granted_at=row.granted_at,
            amount=money(Money(0 if row.status == "rejected" else row.amount_minor - row.taken_minor, row.currency)),
        )
        for row in rows
    ]


def stand_of(row: RewardRow, occurred_at: datetime, *, is_replaced: bool = False) -> Stand:
    """Return where a reward stands, as the domain looks at it."""
    return Stand(
        status=row.status,  # type: ignore[arg-type]
        reason=row.reason,
        since=row.since,
        amount=Money(row.amount_minor, row.currency),
        reversed_minor=row.reversed_minor,
        clawed_back_minor=row.clawed_back_minor,
        occurred_at=occurred_at,
        matures_at=row.matures_at,
        has_ended=not row.holds,
        written_off_minor=row.written_off_minor,
        is_replaced=is_replaced,
        is_correction=bool(row.correction),
        form=row.kind,  # type: ignore[arg-type]
        is_own=row.side == "friend",
    )


def state_label(row: RewardRow | StatementLine) -> str:
    """Return what a reward is called as it stands: what is besides money is not paid but spent, or there."""
    if row.status == "reversed" and row.reason not in ("refunded", "charged_back"):
        return _("Taken back")
    if row.status == "paid" and row.kind in _DONE:
        return _DONE[row.kind]()
    return status_label(row.status)


def status_label(status: str) -> str:
    """Return what all rewards of a status are called."""
    return _LABELS[status]()


def steps_to_payment(row: RewardRow, *, signup: bool) -> list[tuple[str, str]]:
    """Return where a reward is on its way from the friend's joining to the payment."""
    steps = [(_("Joined"), "done")] if signup else [(_("Joined"), "done"), (_("Bought"), "done")]
    if row.status in ("reversed", "rejected"):
        return [*steps, (state_label(row), "stop")]
    ready, paid = _("Ready"), _DONE.get(row.kind, lambda: _("Paid"))()
    if row.status == "held":
        return [*steps, (_("Check"), "now"), (paid, "")]
    if row.status == "pending":
        return [*steps, (str(day_short(row.matures_at).striptags()), "now"), (paid, "")]
    if row.status == "approved":
        return [*steps, (ready, "now"), (paid, "")]
    if row.status == "paid":
        return [*steps, (ready, "done"), (paid, "done")]
    return [*steps, (ready, "done"), (paid, "now")]


def history_line(step: RewardStep, currency: str) -> tuple[datetime, str]:
    """Say to the owner what one event of the history was, and when."""
    words = event_in_words(
        step.status,  # type: ignore[arg-type]
        step.reason,
        Money(step.taken_minor, currency) if step.taken_minor else None,
        clawed_back=step.taken_as == "clawback",
        redeemed=Money(step.redeemed_minor, currency) if step.redeemed_minor else None,
    )
    return step.at, say(words)


def _sum(stand: Stand, paid: Money | None, refunded_minor: int) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if stand.form == "coupon":
        return lines
    if paid is not None:
        lines.append((_("The order"), money(paid)))
        if refunded_minor:
            lines.append((_("Sent back"), money(Money(-refunded_minor, paid.currency))))
    if stand.kept == stand.amount:
        return [*lines, (_("You earn"), money(stand.kept))]
    taken = Money(stand.kept.minor - stand.amount.minor, stand.amount.currency)
    return [
        *lines,
        (_("Earned by it"), money(stand.amount)),
        (_("Taken off"), money(taken)),
        (_("You keep"), money(stand.kept)),
    ]
