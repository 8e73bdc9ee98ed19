"""One friend, or one person who does not count, in the words of whoever shared the link."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _

from webapp.domain import names
from webapp.domain.explain import Words, attribution_for_referrer, change_for_referrer
from webapp.domain.explain_rewards import decision_for_owner
from webapp.formatting import say
from webapp.queries.friend_orders import FriendOrder
from webapp.queries.referrals import Outcome
from webapp.queries.rewards import RewardRow
from webapp.views.referrer.reward_cards import RewardCard, reward_card, state_label, steps_to_payment
from webapp.views.worth import worth_text, worths

FACE_TONES = 4


@dataclass(frozen=True, slots=True)
class OrderCard:
    """What a friend did: the rewards for it, and in words what it did not earn."""

    is_signup: bool
    occurred_at: datetime
    rewards: list[RewardCard]
    nothing: list[str]


@dataclass(frozen=True, slots=True)
class FriendCard:
    """One row of the list: who, where things stand, and why. `amount` is what their latest order earned."""

    display_name: str
    first_name: str
    initials: str
    tone: int
    joined_at: datetime
    bought_at: datetime | None
    counts: bool
    state: str
    state_label: str
    amount: str
    steps: list[tuple[str, str]]
    reason_title: str
    reason_text: str
    orders: list[OrderCard] = field(default_factory=list)


def friend_card(outcome: Outcome, orders: Sequence[FriendOrder]) -> FriendCard:
    """Put one signup, and what the friend did since, into words for its referrer."""
    told = [order for order in orders if order.type != "signup" or order.rewards]
    newest = told[0] if told else None
    left = outcome.friend_name == names.GONE
    name = "" if left else names.masked_name(outcome.friend_name or "")
    words = _changed(outcome) or attribution_for_referrer(
        outcome.outcome,
        outcome.kind,
        friend=names.first_name(outcome.friend_name or ""),
        touched_at=outcome.touched_at,
        signed_up_at=outcome.signed_up_at,
        window_days=outcome.window_days,
    )
    state, label = _state(outcome, newest)
    return FriendCard(
        display_name=_("Someone who left") if left else name or _("Someone"),
        first_name=names.first_name(outcome.friend_name or ""),
        initials=names.initials(outcome.friend_name or ""),
        # Nobody's picture has no colour of its own.
        tone=outcome.decision_id.int % FACE_TONES + 1 if name else 0,
        joined_at=outcome.signed_up_at,
        bought_at=newest.occurred_at if newest and newest.type != "signup" else None,
        counts=outcome.counts,
        state=state,
        state_label=label,
        amount=_amount(newest.rewards) if newest else "",
        steps=_steps(outcome, newest),
        reason_title=say(words.title),
        reason_text=" ".join(say(sentence) for sentence in words.because),
        orders=[_order_card(order) for order in told],
    )


def _changed(outcome: Outcome) -> Words | None:
    """Say what people changed since, if they did; nobody else is named."""
    change = outcome.change
    return change_for_referrer(change.kind, to_them=change.to_them, at=change.at) if change else None


def _state(outcome: Outcome, newest: FriendOrder | None) -> tuple[str, str]:
    if not outcome.counts:
        return "none", _("Does not count")
    if newest is None:
        return "joined", _("Not bought yet")
    if not newest.rewards:
        return "none", _("No reward")
    row = _telling(newest.rewards)
    return row.status, state_label(row)


def _telling(rewards: Sequence[RewardRow]) -> RewardRow:
    """Return the reward that says most about an order: what is furthest from being paid comes first."""
    order = ("held", "pending", "approved", "in_payout", "paid", "rejected", "reversed")
    return min(rewards, key=lambda row: order.index(row.status))


def _steps(outcome: Outcome, newest: FriendOrder | None) -> list[tuple[str, str]]:
    came = _CAME.get(outcome.kind, lambda: _("Opened your link"))()
    if not outcome.counts:
        return [(came, "done"), (_("Does not count"), "stop")]
    if newest is None:
        return [(_("Joined"), "done"), (_("Bought"), ""), (_("Ready"), ""), (_("Paid"), "")]
    if not newest.rewards:
        return [(_("Joined"), "done"), (_("Bought"), "done"), (_("No reward"), "stop")]
    return steps_to_payment(_telling(newest.rewards), signup=newest.type == "signup")


_CAME = {
    "typed_code": lambda: _("Typed your code"),
    "coupon_code": lambda: _("Used your coupon"),
    "assigned": lambda: _("Joined"),
}


def _amount(rewards: Sequence[RewardRow]) -> str:
    found = worths(row.worth for row in rewards)
    if any(one.form != found[0].form for one in found):
        # The row has no room for several forms; opened, it names each.
        first = worth_text(found[0].amount, found[0].form, found[0].count)
        return _("%(amount)s and more", amount=first)
    return " + ".join(worth_text(one.amount, one.form, one.count) for one in found)


def _order_card(order: FriendOrder) -> OrderCard:
    decided_by = {decided.version.rule_id: decided for decided in order.decisions if decided.version}
    rewarded = {row.version.rule_id for row in order.rewards}
    return OrderCard(
        is_signup=order.type == "signup",
        occurred_at=order.occurred_at,
        rewards=[
            reward_card(
                row,
                occurred_at=order.occurred_at,
                paid=order.amount,
                refunded_minor=order.refunded_minor,
                decided=decided_by.get(row.version.rule_id),
                doubt=order.doubts.get(row.id),
                is_appealed=row.id in order.appealed,
            )
            for row in order.rewards
        ],
        nothing=[
            " ".join(say(sentence) for sentence in decision_for_owner(decided.code, decided.because))
            for decided in order.decisions
            if decided.version is None or decided.version.rule_id not in rewarded
        ],
    )
