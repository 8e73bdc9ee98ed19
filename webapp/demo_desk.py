"""What the people behind the demo's program do: they set its rules, look at what seems odd, and pay.

All of it through the services that real people use, so that the history, the
ledger and the audit log tell it too.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.reward_decisions import CHOICES
from webapp.domain.rules import read_rule
from webapp.models import Conversion, Link, Program, Referral, Reward, User
from webapp.queries.rewards import RewardRow
from webapp.queries.rules import read_rule_set
from webapp.services.coupon_codes import add_coupon
from webapp.services.keys import PREFIX, create_key
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.reward_decisions import decide_rewards
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import change_statuses
from webapp.services.rules import change_rule_state, publish_rules

_BONUSES = [{"friends": 3, "amount": 500}, {"friends": 10, "amount": 2500}, {"friends": 25, "amount": 7500}]
FIRST_RULES: tuple[Mapping[str, Any], ...] = (
    {
        "key": "referrer-15-percent",
        "name": "15% of a friend’s first twelve orders",
        "trigger": "purchase",
        "beneficiary": "referrer",
        "kind": "percent_of_purchase",
        "settings": {"percent": "15", "first_purchases": 12},
        "hold_days": 30,
    },
    {
        "key": "friend-5-dollars",
        "name": "$5 for joining through a friend",
        "trigger": "signup",
        "beneficiary": "friend",
        "kind": "fixed_amount",
        "settings": {"amount": 500, "currency": "USD"},
        "hold_days": 14,
    },
    {
        "key": "friends-bonus",
        "name": "A bonus for three, ten and 25 friends",
        "trigger": "purchase",
        "beneficiary": "referrer",
        "kind": "milestone",
        "settings": {"steps": _BONUSES, "currency": "USD"},
        "hold_days": 30,
    },
)
# For a while only, and then no more.
LARGE_ORDERS: Mapping[str, Any] = {
    "key": "large-orders",
    "name": "$3 more for a large order",
    "trigger": "purchase",
    "beneficiary": "referrer",
    "kind": "fixed_amount",
    "settings": {"amount": 300, "currency": "USD"},
    "when": {"all": [{"field": "amount", "op": ">=", "value": 4000, "currency": "USD"}]},
    "limits": {"per_referrer": {"count": 5, "period": "month"}},
    "exclusive": "extra",
}
# Instead of that where it is worth more, and for all of the month as soon as enough friends have ordered in it.
BUSY_MONTHS: Mapping[str, Any] = {
    "key": "busy-months",
    "name": "More for a month with many friends",
    "trigger": "purchase",
    "beneficiary": "referrer",
    "kind": "tiered_percent",
    "settings": {
        "steps": [{"friends": 2, "percent": "3"}, {"friends": 5, "percent": "6"}],
        "period": "month",
        "whole_period": True,
    },
    "hold_days": 30,
    "exclusive": "extra",
}
MORNING_HOUR = 8
# How long before midnight the desk is at work.
AFTERNOON_MINUTES = (390, 720)
# In shares of the story.
LARGE_ORDERS_FROM, LARGE_ORDERS_UNTIL = 0.35, 0.7
# Every so many days what has been ready for a while is put into a payout, which the bank carries out some days later;
# the last one is still on its way when the story ends.
PAYOUT_EVERY_DAYS, LAST_PAYOUT_DAYS_AGO, PAYOUT_TAKES_DAYS = 14, 2, 3
READY_SINCE_DAYS = 5
# How often an order of the day is looked at, how long that takes, and how often it turns out well.
CHECKED_SHARE, CHECK_TAKES_DAYS, FINE_SHARE = 0.08, 4, 0.6
# When a friend tells who really brought them, of those who have joined for a while.
MOVE_DAYS_AGO, JOINED_DAYS = 3, 7
REASONS = ("not_a_customer", "terms", "duplicate")


@dataclass(slots=True)
class Desk:
    """The program's own work, day by day. `days` is how long the story is; `newsletter` has a coupon code too."""

    session: Session
    program: Program
    rng: random.Random
    admin_id: UUID
    days: int
    newsletter: Link
    # What nobody has looked at yet, and what is being looked at since which day.
    today: list[RewardRow] = field(default_factory=list)
    looked_at: list[tuple[int, UUID]] = field(default_factory=list)
    on_its_way: list[tuple[int, Sequence[UUID]]] = field(default_factory=list)

    def open(self, at: datetime, coupon: str) -> None:
        """Publish the first rules, give the newsletter a coupon code, and the shop a key."""
        self._publish(FIRST_RULES, "The first rules", at)
        add_coupon(self.session, self.newsletter, coupon, by=self.admin_id, now=at)
        secret = PREFIX + secrets.token_urlsafe(32)
        create_key(
            self.session, self.program, name="shop checkout", scope="write", secret=secret, by=self.admin_id, now=at
        )

    def begin(self, number: int, midnight: datetime) -> None:
        """Change rules in the morning of a day, before anything is priced by them; `number` counts the days from 1."""
        at = midnight + timedelta(hours=MORNING_HOUR)
        if number == int(self.days * LARGE_ORDERS_FROM):
            self._publish((LARGE_ORDERS, BUSY_MONTHS), "Larger orders and busy months pay for their own reward", at)
        if number == int(self.days * LARGE_ORDERS_UNTIL):
            self._pause(LARGE_ORDERS["key"], "It brought the same people larger orders, not more people", at)

    def work(self, number: int, evening: datetime) -> None:
        """Do what is to be done on a day, in the afternoon before `evening`."""
        at = evening - timedelta(minutes=self.rng.randint(*AFTERNOON_MINUTES))
        self._look(number, at)
        self._pay(number, at)
        if number == self.days - MOVE_DAYS_AGO:
            self._move(at)
        self.today = [reward for reward in self.today if reward.granted_at >= at]

    def hold(self, rewards: Sequence[RewardRow], note: str, at: datetime) -> None:
        """Hold rewards that look odd, until somebody decides."""
        self._decide("hold", [reward.id for reward in rewards], at, note=note)

    def reject(self, reward: RewardRow, reason: str, note: str, at: datetime) -> None:
        """Decide against a reward."""
        self._decide("reject", [reward.id], at, reason=reason, note=note)

    def _publish(self, rules: Sequence[Mapping[str, Any]], note: str, at: datetime) -> None:
        wanted = [read_rule(rule) for rule in rules]
        publish_rules(self.session, self.program, wanted, prune=False, note=note, by=self.admin_id, now=at)

    def _pause(self, key: object, note: str, at: datetime) -> None:
        live = read_rule_set(self.session, self.program.id).live()
        for version in live:
            if version.definition.key == key:
                change_rule_state(
                    self.session,
                    self.program,
                    version.rule_id,
                    "paused",
                    after=version.number,
                    note=note,
                    by=self.admin_id,
                    now=at,
                )

    def _look(self, number: int, at: datetime) -> None:
        for since, reward_id in [one for one in self.looked_at if one[0] <= number - CHECK_TAKES_DAYS]:
            self.looked_at.remove((since, reward_id))
            if self.rng.random() < FINE_SHARE:
                self._decide("release", [reward_id], at, note="Asked the customer: all is well")
            else:
                self._decide("reject", [reward_id], at, reason=self.rng.choice(REASONS))
        seen = [reward for reward in self.today if reward.status == "pending" and reward.granted_at < at]
        odd = [reward for reward in seen if self.rng.random() < CHECKED_SHARE]
        for reward in odd:
            self.hold([reward], "", at)
            self.looked_at.append((number, reward.id))

    def _pay(self, number: int, at: datetime) -> None:
        for since, ids in [one for one in self.on_its_way if one[0] <= number - PAYOUT_TAKES_DAYS]:
            self.on_its_way.remove((since, ids))
            change_statuses(self.session, ids, "paid", reason="settled", actor=SYSTEM, now=at)
        if (self.days - number) % PAYOUT_EVERY_DAYS == LAST_PAYOUT_DAYS_AGO:
            long_ready = at - timedelta(days=READY_SINCE_DAYS)
            ready = self.session.scalars(
                select(Reward.id)
                .where(Reward.program_id == self.program.id, Reward.status == "approved")
                .where(Reward.matures_at <= long_ready)
            ).all()
            change_statuses(self.session, ready, "in_payout", reason="frozen", actor=SYSTEM, now=at)
            self.on_its_way.append((number, ready))

    def _move(self, at: datetime) -> None:
        """Credit the newsletter with someone who was brought by it; of those who bought, the last who joined."""
        friend = self.session.scalars(
            select(User)
            .join(Referral, Referral.friend_id == User.id)
            .where(Referral.program_id == self.program.id, Referral.created_at < at - timedelta(days=JOINED_DAYS))
            .where(Referral.referrer_id != self.newsletter.referrer_id)
            .where(exists().where(Conversion.user_id == User.id, Conversion.type == "purchase"))
            .order_by(Referral.created_at.desc())
            .limit(1)
        ).first()
        if friend is None:
            return
        note = "They wrote to us: it was Ada’s newsletter that brought them."
        wanted = Wanted("move", self.newsletter, seen=0, reason="friend_told", by=self.admin_id, note=note)
        change_referral(self.session, self.program, friend, wanted, now=at)

    def _decide(
        self, choice: str, ids: Sequence[UUID], at: datetime, *, reason: str | None = None, note: str = ""
    ) -> None:
        # As an admin would who opens the page just now.
        seen = dict(self.session.execute(select(Reward.id, Reward.sequence).where(Reward.id.in_(ids))).all())
        decide_rewards(
            self.session,
            self.program.id,
            CHOICES[choice],
            seen,
            reason=reason,
            note=note,
            by=self.admin_id,
            now=at,
        )
